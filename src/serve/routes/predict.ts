/**
 * `/predict`: one flight, a batch or a stream of lines by POST, one flight by GET; of one of several models by name.
 * The hot path of the service: what it does for one flight is what its speed is measured by.
 */
import {
  type Answer,
  type Call,
  type InPlace,
  lasting,
  type Spoken,
  spoken,
  textOf,
  type Written,
} from '../../http/call.ts';
import type { ServeContext } from '../context.ts';
import { type Endpoint, type Handler, type Post, spokenHeaders } from '../endpoint.ts';
import { type Answered, buildAnswerBytes, buildAnswerWriter } from '../formats/answer.ts';
import { isObject, parseBody, SMALL_BYTES } from '../formats/body.ts';
import { compressedParts } from '../formats/compressed.ts';
import { buildFlightScanner } from '../formats/flight-scanner.ts';
import { skipSpace } from '../formats/json-tokens.ts';
import { buildLangOf, langOf } from '../formats/language.ts';
import { flightOf, parametersOf, parseSwitches, type Switches } from '../formats/query.ts';
import type { Points } from '../../predict/explain/explain.ts';
import { admittedInTurn, enter, shed } from '../guard/shed.ts';
import { batchLimits, batchStart, buildDecisivePart } from '../scoring/batch-beginning.ts';
import { buildBatchAnswer } from '../scoring/batch.ts';
import { buildStream, NDJSON } from '../scoring/ndjson.ts';
import { buildReasons, pointsInTurns, prepareReasons } from '../scoring/reasons.ts';
import { buildScoring } from '../scoring/scoring.ts';
import { byModel, inputsInAddress, takesModelAsInput } from './by-model.ts';

export const buildPredict = (context: ServeContext): Endpoint => {
  const of = byModel(context, buildPredictOf);
  const first = of('');
  const isInput = takesModelAsInput(context);
  const decisivePart = buildDecisivePart(batchLimits(context.config.batchLimitRows));
  return {
    label: '/predict',
    GET: (call) => (isInput ? first : of(call.query)).GET(call),
    POST: {
      types: ['application/json', NDJSON],
      stream: { type: NDJSON, answer: (call) => of(call.query).stream(call) },
      decidedBy: () => decisivePart,
      scan: (body, call) => of(call.query).scan(body, call),
      answer: (bytes, call) => of(call.query).answer(bytes, call),
    },
  };
};

/** What `/predict` answers for one model. */
interface PredictOf {
  readonly GET: Handler;
  readonly stream: Handler;
  readonly scan: NonNullable<Post['scan']>;
  readonly answer: Post['answer'];
}

const NOTHING = new Uint8Array(0);

const buildPredictOf = (context: ServeContext, named: string): PredictOf => {
  const { admission } = context;
  const { inputs } = context.loaded.model;
  const addressed = inputsInAddress(context, named);
  const scoring = buildScoring(context);
  const { notices, compare } = scoring;
  const scanner = buildFlightScanner(inputs);
  const writer = buildAnswerWriter(context.loaded);
  const reasons = buildReasons(context.loaded.model);
  const answering = { context, scoring, scanner, writer, reasons };
  const raw = new Float64Array(scoring.nInputs);
  const out = new Float64Array(scoring.nHeads);
  const tail = `,${writer.model}}`;
  const bytes = buildAnswerBytes(context.loaded, tail);
  /** Of the flight in `raw`. */
  const answered: { -readonly [Key in keyof Answered]: Answered[Key] } = {
    out,
    outAt: 0,
    unknown: [],
    said: NOTHING,
  };
  const writtenOf = (isSpoken: boolean): Written => ({
    kind: 'written',
    status: 200,
    isSpoken,
    mostBytes: () => bytes.mostBytes(answered),
    write: (into, at) => bytes.write(answered, into, at),
  });
  const written = writtenOf(false);
  const writtenSpoken = writtenOf(true);
  const langOfHead = buildLangOf();

  /** The answer to the flight in `raw`, whose values `names` are unknown. */
  const answer = (
    names: readonly string[],
    explain: boolean,
    call: Call,
    points?: Points,
  ): Written | Spoken => {
    enter(context);
    try {
      answered.unknown = names;
      scoring.predict(raw, 1, out);
      compare?.(raw, 1, out, isOdd);
      if (explain) {
        const lang = langOf(call);
        const said = notices.text(raw, 0, lang) + reasons.text(raw, 0, lang, points);
        return spoken(writer.write(out, 0, names, said + tail));
      }
      const odd = notices.find(raw, 0);
      // Only where anything is told does the language matter.
      answered.said = odd === undefined ? NOTHING : odd.bytes(langOfHead(call));
      return odd === undefined ? written : writtenSpoken;
    } finally {
      admission.leave();
    }
  };
  const isOdd = (): boolean => answered.unknown.length > 0;
  /** The same with reasons, in its turn: others have been in `raw` meanwhile. */
  const explained = async (names: readonly string[], call: Call): Promise<Answer> => {
    const [own, ownNames] = [raw.slice(), [...names]];
    await prepareReasons(context.loaded.model);
    return admittedInTurn(context, call, async (pause): Promise<Answer> => {
      const points = await pointsInTurns({ complete: scoring.complete, reasons }, own, pause);
      raw.set(own);
      return lasting(answer(ownNames, true, call, points));
    });
  };
  const answerParsed = (
    flight: unknown,
    { strict, explain }: Switches,
    call: Call,
  ): Written | Spoken | Promise<Answer> => {
    const names = scoring.read(flight, { pointer: '', strict }, raw, 0);
    return explain ? explained(names, call) : answer(names, false, call);
  };

  const batchAnswer = buildBatchAnswer(answering, async (flight, switches, call, pause) => {
    const names = scoring.read(flight, { pointer: '', strict: switches.strict }, raw, 0);
    if (!switches.explain) return textIn(answer(names, false, call));
    const [own, ownNames] = [raw.slice(), [...names]];
    const points = await pointsInTurns({ complete: scoring.complete, reasons }, own, pause);
    raw.set(own);
    return textIn(answer(ownNames, true, call, points));
  });

  /** The answer to a plain flight that ends where the body ends. */
  const scanned = ({ source, at, end }: InPlace, call: Call): Written | Spoken | undefined => {
    const behind = scanner.scan(source, at, raw, 0);
    if (behind < 0 || skipSpace(source, behind) !== end) return undefined;
    const switches = parseSwitches(call.query);
    if (switches.explain) return undefined;
    const unknown = scanner.unknown();
    if (switches.strict && (unknown.length > 0 || notices.impossible(raw, 0).length > 0))
      return undefined;
    return answer(unknown, false, call);
  };

  /** A batch, or a flight that the scanner left: it may be fine, it may be wrong. */
  const answerSlowly = (
    bytes: Uint8Array,
    switches: Switches,
    call: Call,
  ): Answer | Promise<Answer> => {
    if (bytes.length <= SMALL_BYTES && batchStart(bytes) < 0) {
      const body = parseBody(bytes);
      if (!isObject(body) || (body['flights'] ?? null) === null)
        return answerParsed(body, switches, call);
    }
    // Known at once: who is refused need not wait for anything.
    const refused = admission.isFull();
    if (refused) throw shed(context, refused);
    return batchAnswer(bytes, switches, call).then((made) =>
      compressedParts({ ...made, headers: spokenHeaders }, call),
    );
  };

  return {
    GET: (call) => {
      const { query } = call;
      const flight = flightOf(parametersOf(query), addressed);
      const given = answerParsed(flight, parseSwitches(query), call);
      return given instanceof Promise ? given : spoken(textIn(given));
    },
    stream: buildStream(answering),
    scan: scanned,
    answer: (bytes, call) =>
      (bytes.length <= SMALL_BYTES
        ? scanned({ source: bytes, at: 0, end: bytes.length }, call)
        : undefined) ?? answerSlowly(bytes, parseSwitches(call.query), call),
  };
};

const textIn = (answer: Written | Spoken): string =>
  answer.kind === 'written' ? textOf(answer) : answer.text;
