/**
 * The page with a flight and its answer, or with what is wrong with the flight.
 */
import { renderPage } from '../../../web/page.tsx';
import type { Lang, Prediction } from '../../../web/view.ts';
import { AppError, ERRORS } from '../../core/errors.ts';
import type { ServeContext } from '../context.ts';
import { buildPage } from '../documents/page.ts';
import { PAGE_HEADERS } from '../documents/page-headers.ts';
import { buildAnswerWriter } from '../formats/answer.ts';
import type { JsonObject } from '../formats/body.ts';
import { admitted, type Pause } from '../guard/shed.ts';
import { buildReasons, pointsInTurns } from '../scoring/reasons.ts';
import { buildScoring } from '../scoring/scoring.ts';

const HEADERS = { ...PAGE_HEADERS, vary: 'accept-language, accept' };

export const buildPageAnswer = (
  context: ServeContext,
  named: string,
): ((flight: JsonObject, lang: Lang, pause: Pause) => Promise<Response>) => {
  const { loaded } = context;
  const scoring = buildScoring(context);
  const writer = buildAnswerWriter(loaded);
  const page = buildPage(loaded, named);
  const reasons = buildReasons(loaded.model);
  const raw = new Float64Array(scoring.nInputs);
  const out = new Float64Array(scoring.nHeads);
  const predict = async (flight: JsonObject, lang: Lang, pause: Pause): Promise<Prediction> => {
    const unknown = [...scoring.read(flight, { pointer: '', strict: false }, raw, 0)];
    const own = raw.slice();
    const points = await pointsInTurns({ complete: scoring.complete, reasons }, own, pause);
    // Others have been in `raw` meanwhile.
    raw.set(own);
    return admitted(context, () => {
      scoring.predict(raw, 1, out);
      scoring.compare?.(raw, 1, out, () => unknown.length > 0);
      return JSON.parse(
        writer.write(
          out,
          0,
          unknown,
          `${scoring.notices.text(raw, 0, lang)}${reasons.textIfPossible(raw, 0, lang, points)}}`,
        ),
      ) as Prediction;
    });
  };
  return async (flight, lang, pause) => {
    try {
      const prediction = await predict(flight, lang, pause);
      return new Response(renderPage(page(lang, flight, prediction)), { headers: HEADERS });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { status } = ERRORS[error.code];
      return new Response(renderPage(page(lang, flight, error)), { status, headers: HEADERS });
    }
  };
};
