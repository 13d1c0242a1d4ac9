/**
 * A batch: many flights in one body, read, predicted and written in slices, with room for single predictions in between.
 * The scanner reads what it can, `JSON.parse` the rest.
 */
import { AppError, type Fault } from '../../core/errors.ts';
import type { Lang } from '../../core/language.ts';
import { blocks } from '../../host/blocks.ts';
import type { Call } from '../../http/call.ts';
import { finishInTurns } from '../../predict/gradual.ts';
import type { RowWork, Ticket } from '../context.ts';
import { type Answered, buildAnswerBytes } from '../formats/answer.ts';
import { createAnswerParts } from '../formats/answer-parts.ts';
import { BRACE_CLOSE, BRACKET_CLOSE, COMMA } from '../formats/ascii.ts';
import { isObject, parseLargeBody } from '../formats/body.ts';
import { skipSpace } from '../formats/json-tokens.ts';
import { langOf } from '../formats/language.ts';
import type { Switches } from '../formats/query.ts';
import { admittedAs, type Pause, pauseOf, shed, workClock } from '../guard/shed.ts';
import { SURROUNDED_ROWS } from './around.ts';
import {
  batchLimits,
  batchStart,
  buildDecisivePart,
  FAULTS_KEPT,
  NO_OBJECT,
} from './batch-beginning.ts';
import { prepareReasons } from './reasons.ts';
import { type FlightAnswering, type Scoring, SLICE_ROWS } from './scoring.ts';

const NONE: readonly string[] = [];
const NOTHING = new Uint8Array(0);

/** Flights as numbers. */
export interface Flights {
  readonly nRows: number;
  /** float64, shape (nRows, nInputs), row-major. */
  readonly raw: Float64Array;
  /** Names of unknown inputs by row; rows without are not there. */
  readonly unknown: ReadonlyMap<number, readonly string[]>;
}

/** How many flights are read at most, and what happens between two slices of them. */
interface Bounds {
  readonly limitRows: number;
  readonly pause: Pause;
}

/** Rows of numbers for as long as one batch is in hand. */
interface Rows {
  /** @returns room for so many numbers, which begin with those that were there */
  readonly enlarge: (length: number) => Float64Array;
  /** Nobody reads them any more. */
  readonly free: () => void;
}

const createRows = (): Rows => {
  let raw = new Float64Array(0);
  const free = (): void => blocks.give(new Uint8Array(raw.buffer));
  return {
    enlarge: (length) => {
      const larger = new Float64Array(blocks.take(length * raw.BYTES_PER_ELEMENT).buffer);
      larger.set(raw);
      free();
      raw = larger;
      return raw;
    },
    free,
  };
};

/**
 * Reads `{"flights":[...]}` with the scanner.
 * @returns undefined when something in it is outside the plain subset
 * @throws AppError batch-too-large
 */
const scanFlights = async (
  { scanner, scoring: { nInputs } }: Pick<FlightAnswering, 'scanner' | 'scoring'>,
  bytes: Uint8Array,
  rows: Rows,
  { limitRows, pause }: Bounds,
): Promise<Flights | undefined> => {
  let at = batchStart(bytes);
  if (at < 0) return undefined;
  let raw = rows.enlarge(nInputs);
  const unknown = new Map<number, readonly string[]>();
  let nRows = 0;
  at = skipSpace(bytes, at);
  const start = at;
  const isEmpty = bytes[at] === BRACKET_CLOSE;
  while (!isEmpty) {
    if (nRows === limitRows) return undefined;
    if ((nRows + 1) * nInputs > raw.length) {
      // Room for all, if those to come are as long as those before.
      const most = Math.max(Math.ceil((nRows * bytes.length) / (at - start)) + 1, 2 * nRows);
      raw = rows.enlarge(Math.min(most, limitRows) * nInputs);
    }
    if (nRows > 0 && nRows % SLICE_ROWS === 0) await pause();
    at = scanner.scan(bytes, at, raw, nRows * nInputs);
    if (at < 0) return undefined;
    const names = scanner.unknown();
    if (names.length > 0) unknown.set(nRows, names);
    nRows++;
    at = skipSpace(bytes, at);
    if (bytes[at] === BRACKET_CLOSE) break;
    if (bytes[at] !== COMMA) return undefined;
    at++;
  }
  at = skipSpace(bytes, at + 1);
  if (bytes[at] !== BRACE_CLOSE || skipSpace(bytes, at + 1) !== bytes.length) return undefined;
  return { nRows, raw, unknown };
};

/** What the plan knows of all flights, before they are asked about each other. */
export const completeInTurns = async (
  { complete, nInputs }: Pick<Scoring, 'complete' | 'nInputs'>,
  { raw, nRows }: Pick<Flights, 'raw' | 'nRows'>,
  pause: Pause,
): Promise<void> => {
  for (let from = 0; from < nRows; from += SURROUNDED_ROWS) {
    if (from > 0) await pause();
    complete(raw, from * nInputs, Math.min(SURROUNDED_ROWS, nRows - from));
  }
};

/**
 * Reads `{"flights":[...]}` that has been parsed.
 * @throws AppError value-invalid with every fault (the first hundred), batch-too-large
 */
const readFlights = async (
  { read, nInputs }: Scoring,
  flights: unknown,
  strict: boolean,
  { limitRows, pause }: Bounds,
): Promise<Flights> => {
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
  const raw = new Float64Array(flights.length * nInputs);
  const unknown = new Map<number, readonly string[]>();
  const faults: Fault[] = [];
  for (let row = 0; row < flights.length && faults.length < FAULTS_KEPT; row++) {
    if (row > 0 && row % SLICE_ROWS === 0) await pause();
    const pointer = `/flights/${row}`;
    // Nothing is thrown for what there may be a hundred of.
    if (!isObject(flights[row])) {
      faults.push({ pointer, detail: NO_OBJECT });
      continue;
    }
    try {
      const names = read(flights[row], { pointer, strict }, raw, row * nInputs);
      if (names.length > 0) unknown.set(row, names);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      faults.push(...error.faults);
    }
  }
  if (faults.length > 0) throw batchInvalid(faults);
  return { nRows: flights.length, raw, unknown };
};

const batchInvalid = (faults: readonly Fault[]): AppError => {
  const { pointer, detail } = faults[0]!;
  const rest = faults.length === 1 ? '' : `, and ${faults.length - 1} more faults`;
  return new AppError('value-invalid', `${pointer}: ${detail}${rest}`, { faults });
};

/** The answer to one flight. @throws AppError value-invalid */
type SingleAnswer = (
  flight: unknown,
  switches: Switches,
  call: Call,
  pause: Pause,
) => Promise<string>;

/**
 * `{"predictions":[...],"model":{...}}` of a body, in parts, or every fault in it. A large body that is no batch is read
 * in its turn as well.
 */
type BatchAnswer = (
  bytes: Uint8Array,
  switches: Switches,
  call: Call,
) => Promise<{ readonly parts: readonly Uint8Array<ArrayBuffer>[]; readonly onSent: () => void }>;

/** About how many bytes one prediction, and one reason behind it, take in an answer. */
const ROW_BYTES = 400;
const REASON_BYTES = 110;

export const buildBatchAnswer = (
  { context, scoring, scanner, writer, reasons }: FlightAnswering,
  single: SingleAnswer,
): BatchAnswer => {
  const { config, admission } = context;
  const { nInputs, nHeads, notices } = scoring;
  const out = new Float64Array(SLICE_ROWS * nHeads);
  const bytes = buildAnswerBytes(context.loaded, '}');
  /** Of the row that is written next. */
  const answered: { -readonly [Key in keyof Answered]: Answered[Key] } = {
    ...{ out, outAt: 0, unknown: NONE, said: NOTHING },
  };
  let isFirst = true;
  const writeRow = (into: Uint8Array, at: number): number => {
    if (isFirst) return bytes.write(answered, into, at);
    into[at] = COMMA;
    return bytes.write(answered, into, at + 1);
  };
  const limits = batchLimits(config.batchLimitRows);
  const decisivePart = buildDecisivePart(limits);

  /** @throws AppError batch-too-large, overloaded */
  const charge = (ticket: Ticket, nRows: number, work: RowWork): void => {
    const rowBytes = ROW_BYTES + (work === 'explain' ? REASON_BYTES * nInputs : 0);
    const answerBytes = nRows * rowBytes;
    if (answerBytes > admission.answerLimitBytes)
      throw new AppError(
        'batch-too-large',
        `the answer to ${nRows} flights would take about ${Math.ceil(answerBytes / 2 ** 20)} MiB; up to ${Math.floor(admission.answerLimitBytes / rowBytes)} flights are answered at once`,
      );
    const refused = ticket.charge({ work, nRows, answerBytes });
    if (refused) throw shed(context, refused);
  };

  const write = async (
    flights: Flights,
    work: RowWork,
    {
      ticket,
      pause,
      lang,
    }: { readonly ticket: Ticket; readonly pause: Pause; readonly lang: Lang },
  ): Promise<readonly Uint8Array<ArrayBuffer>[]> => {
    const parts = createAnswerParts();
    parts.addText('{"predictions":[');
    /** What this slice has worked on so far, and the last part of it. */
    let sliceMs = 0;
    let lastMs = 0;
    try {
      for (let from = 0, n = 0; from < flights.nRows; from += n) {
        // Before the runtime has compiled it, and after it has taken a compilation back, an explanation takes ten times
        // as long as they have lately: so one is looked at after the other.
        if (from > 0 && (work === 'predict' || sliceMs + lastMs > ticket.sliceMs())) {
          await pause();
          sliceMs = 0;
        }
        const clock = workClock(pause);
        n =
          work === 'explain'
            ? 1
            : Math.min(ticket.sliceRows(work, SLICE_ROWS), flights.nRows - from);
        const slice = flights.raw.subarray(from * nInputs, (from + n) * nInputs);
        const points =
          work === 'explain' && reasons.isLong()
            ? await reasons.inTurns(slice, n, clock.pause)
            : undefined;
        scoring.predict(slice, n, out);
        scoring.compare?.(slice, n, out, (row) => flights.unknown.has(from + row));
        for (let row = 0; row < n; row++) {
          answered.outAt = row * nHeads;
          answered.unknown =
            flights.unknown.size === 0 ? NONE : (flights.unknown.get(from + row) ?? NONE);
          const odd = notices.find(slice, row * nInputs);
          answered.said =
            work === 'explain'
              ? Buffer.from(
                  (odd?.text(lang) ?? '') + reasons.text(slice, row * nInputs, lang, points?.[row]),
                )
              : (odd?.bytes(lang) ?? NOTHING);
          isFirst = from + row === 0;
          parts.add(1 + bytes.mostBytes(answered), writeRow);
        }
        lastMs = clock.workMs();
        sliceMs += lastMs;
        ticket.done(work, n, lastMs);
      }
      parts.addText(`],${writer.model}}`);
      return parts.end();
    } catch (error) {
      parts.drop();
      throw error;
    }
  };

  /** Whether a strict caller would be refused. */
  const isFaulty = ({ nRows, raw, unknown }: Flights): boolean => {
    for (let row = 0; row < nRows; row++)
      if (notices.impossible(raw, row * nInputs).length > 0) return true;
    return unknown.size > 0;
  };

  return async (bytes, switches, call) => {
    const { strict, explain } = switches;
    const ticket = admittedAs(context, admission.enterBatch(call));
    const rows = createRows();
    const work = explain ? 'explain' : 'predict';
    const lang = langOf(call);
    const pause = pauseOf(context, ticket);
    const answer = async (flights: Flights): ReturnType<BatchAnswer> => {
      charge(ticket, flights.nRows, work);
      await completeInTurns(scoring, flights, pause);
      await finishInTurns(scoring.around.byEachOther(flights.raw, flights.nRows), pause);
      return { parts: await write(flights, work, { ticket, pause, lang }), onSent: ticket.sent };
    };
    try {
      const bounds = { limitRows: config.batchLimitRows, pause };
      // Where several come at once, each waits for its turn before its first slice too.
      if (ticket.isShared()) await pause();
      if (explain) await prepareReasons(context.loaded.model);
      const scanned = await scanFlights({ scanner, scoring }, bytes, rows, bounds);
      if (scanned && !(strict && isFaulty(scanned))) return await answer(scanned);
      const body = await parseLargeBody(decisivePart(bytes) ?? bytes, limits, pause);
      const request = isObject(body) ? body : {};
      const flights = request['flights'] ?? undefined;
      if (flights === undefined)
        return {
          parts: [Buffer.from(await single(body, switches, call, pause))],
          onSent: ticket.sent,
        };
      const faults: Fault[] = [];
      const completeByWeather = await finishInTurns(
        scoring.around.byWeather(request, faults),
        pause,
      );
      if (faults.length > 0) throw batchInvalid(faults);
      const read = await readFlights(scoring, flights, strict, bounds);
      if (completeByWeather)
        await completeInTurns({ complete: completeByWeather, nInputs }, read, pause);
      return await answer(read);
    } catch (error) {
      ticket.sent();
      throw error;
    } finally {
      rows.free();
      ticket.leave();
    }
  };
};
