/**
 * `/predict`: one flight or a batch by POST, one flight by GET.
 * The main road of the service: what it does for one flight is what its speed is measured by.
 */
import { buildAnswerWriter } from '../answer.ts';
import { batchStart, buildBatchAnswer } from '../batch.ts';
import { brokenOff, bytesOf, isObject, mediaTypeOf, parseBody, requireType } from '../body.ts';
import { type Handler, jsonHeaders } from '../call.ts';
import type { ServeContext } from '../context.ts';
import { flightOf, parseSwitches } from '../query.ts';
import { buildFlightScanner, skipSpace } from '../scanner.ts';
import { buildScoring } from '../scoring.ts';
import { admitted } from '../shed.ts';

export interface PredictRoutes {
  readonly GET: Handler;
  readonly POST: Handler;
}

const JSON_ONLY = ['application/json'];
const init = { headers: jsonHeaders };

export const buildPredict = (context: ServeContext): PredictRoutes => {
  const { bodyLimitBytes } = context.config;
  const { inputs } = context.loaded.model;
  const scoring = buildScoring(context);
  const scanner = buildFlightScanner(inputs);
  const writer = buildAnswerWriter(context.loaded);
  const batchAnswer = buildBatchAnswer(context, scoring, scanner, writer);
  const raw = new Float64Array(scoring.nInputs);
  const out = new Float64Array(scoring.nHeads);
  const tail = `,${writer.model}}`;

  /** The answer to the flight in `raw`. */
  const answer = (unknown: readonly string[]): string =>
    admitted(context, 'single', () => {
      scoring.predict(raw, 1, out);
      return writer.open(out, 0) + writer.unknown(unknown) + tail;
    });
  const answerParsed = (flight: unknown, strict: boolean): string =>
    answer(scoring.read(flight, '', strict, raw, 0));

  return {
    GET: ({ query }) => {
      const flight = flightOf(new URLSearchParams(query), inputs);
      return new Response(answerParsed(flight, parseSwitches(query).strict), init);
    },
    POST: async ({ request, query }) => {
      const type = mediaTypeOf(request);
      requireType(type, JSON_ONLY);
      let bytes: Uint8Array;
      try {
        bytes = await bytesOf(request, bodyLimitBytes);
      } catch (error) {
        throw brokenOff(error);
      }
      const { strict } = parseSwitches(query);
      const end = scanner.scan(bytes, 0, raw, 0);
      if (end >= 0 && skipSpace(bytes, end) === bytes.length) {
        const unknown = scanner.unknown();
        if (unknown.length === 0 || !strict) return new Response(answer(unknown), init);
      }
      return new Response(await answerSlowly(bytes, strict, request), init);
    },
  };

  /** A batch, or a flight that the scanner left: it may be fine, it may be wrong. */
  async function answerSlowly(
    bytes: Uint8Array,
    strict: boolean,
    request: Request,
  ): Promise<string> {
    if (batchStart(bytes) >= 0) return batchAnswer(bytes, strict, request);
    const body = parseBody(bytes, request);
    if (isObject(body) && Object.hasOwn(body, 'flights'))
      return batchAnswer(bytes, strict, request);
    return answerParsed(body, strict);
  }
};
