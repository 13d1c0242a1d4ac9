/**
 * `/predict`: one flight or a batch by POST, one flight by GET, a stream of lines as NDJSON.
 * The main road of the service: what it does for one flight is what its speed is measured by.
 */
import { AppError, type Fault } from '../../core/errors.ts';
import { type AnswerWriter, buildAnswerWriter } from '../answer.ts';
import {
  isObject,
  type JsonObject,
  mediaTypeOf,
  parseJson,
  readText,
  requireType,
} from '../body.ts';
import { type Handler, jsonHeaders } from '../call.ts';
import type { ServeContext } from '../context.ts';
import { flightOf, parseSwitches, type Switches } from '../query.ts';
import { buildScoring, type Scoring } from '../scoring.ts';
import { admitted, shedError } from '../shed.ts';

/** Flights between two chances for single predictions to go first. */
const SLICE_ROWS = 250;
const FAULTS_KEPT = 100;

export interface PredictRoutes {
  readonly GET: Handler;
  readonly POST: Handler;
}

export const buildPredict = (context: ServeContext): PredictRoutes => {
  const { config, admission } = context;
  const scoring = buildScoring(context);
  const writer = buildAnswerWriter(context.loaded);
  const one = buildOne(scoring, writer);
  const many = buildMany(context, scoring, writer);
  const { inputs } = context.loaded.model;
  return {
    GET: ({ query }) => {
      const flight = flightOf(new URLSearchParams(query), inputs);
      return new Response(
        admitted(admission, 'single', () => one(flight, parseSwitches(query))),
        { headers: jsonHeaders },
      );
    },
    POST: async ({ request, query }) => {
      requireType(mediaTypeOf(request), ['application/json']);
      const switches = parseSwitches(query);
      const body = parseJson(await readText(request, config.bodyLimitBytes));
      const answer =
        isObject(body) && Object.hasOwn(body, 'flights')
          ? await many(body['flights'], switches, request)
          : admitted(admission, 'single', () => one(body, switches));
      return new Response(answer, { headers: jsonHeaders });
    },
  };
};

/** One flight in, the text of one prediction out. */
const buildOne = (
  scoring: Scoring,
  writer: AnswerWriter,
): ((flight: unknown, switches: Switches) => string) => {
  const raw = new Float64Array(scoring.nInputs);
  const out = new Float64Array(scoring.nHeads);
  const tail = `,${writer.model}}`;
  return (flight, { strict }) => {
    const unknown = scoring.read(flight, '', strict, raw, 0);
    scoring.predict(raw, 1, out);
    return writer.open(out, 0) + writer.unknown(unknown) + tail;
  };
};

/** A list of flights in, the text of all predictions out, or every fault of every flight. */
const buildMany = (
  { config, admission }: ServeContext,
  scoring: Scoring,
  writer: AnswerWriter,
): ((flights: unknown, switches: Switches, request: Request) => Promise<string>) => {
  const { nInputs, nHeads } = scoring;
  return async (flights, switches, request) => {
    checkBatch(flights, config.batchLimitRows);
    const refused = admission.tryEnter('batch');
    if (refused) throw shedError(refused);
    try {
      const deadline = admission.deadlineOf(request);
      const raw = new Float64Array(SLICE_ROWS * nInputs);
      const out = new Float64Array(SLICE_ROWS * nHeads);
      const faults: Fault[] = [];
      let text = '{"predictions":[';
      for (let from = 0; from < flights.length; from += SLICE_ROWS) {
        if (from > 0) {
          const reason = await admission.pause(deadline);
          if (reason) throw shedError(reason);
        }
        const slice = flights.slice(from, from + SLICE_ROWS);
        const unknown = readSlice(scoring, slice, from, switches.strict, raw, faults);
        if (faults.length > 0) {
          if (faults.length >= FAULTS_KEPT) break;
          continue;
        }
        scoring.predict(raw, slice.length, out);
        for (let row = 0; row < slice.length; row++) {
          if (from + row > 0) text += ',';
          text += `${writer.open(out, row * nHeads)}${writer.unknown(unknown[row]!)}}`;
        }
      }
      if (faults.length > 0) throw batchInvalid(faults);
      return `${text}],${writer.model}}`;
    } finally {
      admission.leave('batch');
    }
  };
};

/** @throws AppError value-invalid, batch-too-large */
function checkBatch(flights: unknown, limitRows: number): asserts flights is readonly JsonObject[] {
  if (!Array.isArray(flights)) {
    const detail = 'flights must be a list';
    throw new AppError('value-invalid', detail, { faults: [{ pointer: '/flights', detail }] });
  }
  if (flights.length > limitRows) {
    throw new AppError(
      'batch-too-large',
      `the batch holds ${flights.length} flights; up to ${limitRows} are taken, or any number as application/x-ndjson`,
    );
  }
}

/** Fills `raw` and gathers faults; the names of unknown inputs of each flight. */
const readSlice = (
  { read, nInputs }: Scoring,
  slice: readonly unknown[],
  from: number,
  strict: boolean,
  raw: Float64Array,
  faults: Fault[],
): readonly (readonly string[])[] =>
  slice.map((flight, row) => {
    try {
      return read(flight, `/flights/${from + row}`, strict, raw, row * nInputs);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      faults.push(...error.faults);
      return [];
    }
  });

const batchInvalid = (faults: readonly Fault[]): AppError =>
  new AppError(
    'value-invalid',
    `${faults.length >= FAULTS_KEPT ? 'many values' : faults.length === 1 ? 'a value' : `${faults.length} values`} of the batch can not be used: ${faults[0]!.pointer} ${faults[0]!.detail}`,
    { faults },
  );
