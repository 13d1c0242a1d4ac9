/**
 * `/result`: a flight from an HTML form, answered as a page, or as JSON when `Accept` asks for it.
 */
import { renderPage } from '../../../web/page.tsx';
import { AppError, ERRORS } from '../../core/errors.ts';
import type { Call } from '../../http/call.ts';
import type { ServeContext } from '../context.ts';
import { buildPage } from '../documents/page.ts';
import { pageHeaders } from '../documents/page-headers.ts';
import { type Endpoint, jsonHeaders } from '../endpoint.ts';
import { prefersJson } from '../formats/accept.ts';
import { buildAnswerWriter } from '../formats/answer.ts';
import { type JsonObject, mediaTypeOf } from '../formats/body.ts';
import { flightOfForm } from '../formats/form.ts';
import { parseSwitches } from '../formats/query.ts';
import { admitted } from '../guard/shed.ts';
import { buildReasons } from '../scoring/reasons.ts';
import { buildScoring } from '../scoring/scoring.ts';

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';

export const buildResult = (context: ServeContext): Endpoint => {
  const { loaded } = context;
  const { inputs } = loaded.model;
  const scoring = buildScoring(context);
  const writer = buildAnswerWriter(loaded);
  const pages = buildPage(loaded);
  const reasons = buildReasons(loaded.model);
  const raw = new Float64Array(scoring.nInputs);
  const out = new Float64Array(scoring.nHeads);

  const answer = (flight: JsonObject, asJson: boolean, query: string): Response => {
    const { strict, explain } = parseSwitches(query);
    const unknown = scoring.read(flight, { pointer: '', strict }, raw, 0);
    return admitted(context, () => {
      scoring.predict(raw, 1, out);
      if (asJson) {
        const end = `${explain ? reasons.text(raw, 0) : ''},${writer.model}}`;
        const text = writer.write(out, 0, unknown, end);
        return new Response(text, { headers: jsonHeaders });
      }
      const page = renderPage(
        pages.page(flight, pages.answer(out, unknown, reasons.explain(raw, 0))),
      );
      return new Response(page, { headers: pageHeaders() });
    });
  };

  return {
    label: '/result',
    POST: {
      types: [FORM, MULTIPART],
      answer: async (bytes, call) => {
        const flight = flightOfForm(await fieldsOf(bytes, call), inputs, new Date());
        const asJson = prefersJson(call.header('accept'));
        try {
          return answer(flight, asJson, call.query);
        } catch (error) {
          if (asJson || !(error instanceof AppError)) throw error;
          return new Response(renderPage(pages.page(flight, error)), {
            status: ERRORS[error.code].status,
            headers: pageHeaders(),
          });
        }
      },
    },
  };
};

/** @throws AppError request-malformed */
const fieldsOf = async (
  bytes: Uint8Array<ArrayBuffer>,
  call: Call,
): Promise<Iterable<readonly [string, unknown]>> => {
  if (mediaTypeOf(call) !== MULTIPART) return new URLSearchParams(new TextDecoder().decode(bytes));
  const header = call.header('content-type')!;
  try {
    const form = await new Response(bytes, { headers: { 'content-type': header } }).formData();
    return [...form.entries()];
  } catch (error) {
    throw new AppError('request-malformed', 'the form cannot be read', { cause: error });
  }
};
