/**
 * `/result`: a flight from an HTML form, answered as a page, or as JSON when `Accept` asks for it.
 */
import type { Lang } from '../../../web/view.ts';
import { AppError } from '../../core/errors.ts';
import type { Call } from '../../http/call.ts';
import type { ServeContext } from '../context.ts';
import { type Endpoint, jsonHeaders, type Post } from '../endpoint.ts';
import { prefersJson } from '../formats/accept.ts';
import { buildAnswerWriter } from '../formats/answer.ts';
import { type JsonObject, mediaTypeOf } from '../formats/body.ts';
import { flightOfForm } from '../formats/form.ts';
import { langOf } from '../formats/language.ts';
import { checkNumber, parametersOf, parseSwitches } from '../formats/query.ts';
import { admitted, admittedInTurn, type Pause } from '../guard/shed.ts';
import { buildReasons, pointsInTurns, prepareReasons } from '../scoring/reasons.ts';
import { buildScoring } from '../scoring/scoring.ts';
import { byModel } from './by-model.ts';
import { once } from './later.ts';

const FORM = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';

/** To take a form apart costs more than to read it, and none for a flight is so large. */
const FORM_LIMIT_BYTES = 64 * 1024;

const JSON_HEADERS = { ...jsonHeaders, vary: 'accept-language, accept' };

export const buildResult = (context: ServeContext): Endpoint => {
  const of = byModel(context, buildResultOf);
  return {
    label: '/result',
    POST: {
      types: [FORM, MULTIPART],
      limitBytes: FORM_LIMIT_BYTES,
      answer: (bytes, call) => of(call.query)(bytes, call),
    },
  };
};

/** What `/result` answers for one model. */
const buildResultOf = (context: ServeContext, named: string): Post['answer'] => {
  const { loaded } = context;
  const { inputs } = loaded.model;
  const scoring = buildScoring(context);
  const writer = buildAnswerWriter(loaded);
  const reasons = buildReasons(loaded.model);
  const pageAnswer = once(async () =>
    (await import('./page-answer.ts')).buildPageAnswer(context, named),
  );
  const raw = new Float64Array(scoring.nInputs);
  const out = new Float64Array(scoring.nHeads);

  const answerJson = async (
    flight: JsonObject,
    query: string,
    lang: Lang,
    pause?: Pause,
  ): Promise<Response> => {
    const { strict, explain } = parseSwitches(query);
    const unknown = [...scoring.read(flight, { pointer: '', strict }, raw, 0)];
    const own = raw.slice();
    const points =
      explain && pause
        ? await pointsInTurns({ complete: scoring.complete, reasons }, own, pause)
        : undefined;
    // Others have been in `raw` meanwhile.
    raw.set(own);
    return admitted(context, () => {
      scoring.predict(raw, 1, out);
      scoring.compare?.(raw, 1, out, () => unknown.length > 0);
      const said = explain ? reasons.text(raw, 0, lang, points) : '';
      const end = `${scoring.notices.text(raw, 0, lang)}${said},${writer.model}}`;
      return new Response(writer.write(out, 0, unknown, end), { headers: JSON_HEADERS });
    });
  };

  return async (bytes, call) => {
    const lang = langOf(call);
    const flight = flightOfForm(await fieldsOf(bytes, call), inputs, lang, new Date());
    await prepareReasons(loaded.model);
    if (prefersJson(call.header('accept')))
      return parseSwitches(call.query).explain
        ? admittedInTurn(context, call, (pause) => answerJson(flight, call.query, lang, pause))
        : answerJson(flight, call.query, lang);
    const answer = await pageAnswer();
    return admittedInTurn(context, call, (pause) => answer(flight, lang, pause));
  };
};

/** @throws AppError request-malformed, value-invalid */
const fieldsOf = async (
  bytes: Uint8Array<ArrayBuffer>,
  call: Call,
): Promise<Iterable<readonly [string, unknown]>> => {
  const text = new TextDecoder().decode(bytes);
  if (mediaTypeOf(call) !== MULTIPART) return parametersOf(text, 'form');
  checkNumber(text, '\n--', 'form');
  const header = call.header('content-type')!;
  try {
    const form = await new Response(bytes, { headers: { 'content-type': header } }).formData();
    return [...form.entries()];
  } catch (error) {
    throw new AppError('request-malformed', 'the form cannot be read', { cause: error });
  }
};
