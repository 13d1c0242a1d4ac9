/**
 * `/`: the page with an empty form or, where the address names a flight, with that flight and its answer; and the
 * script, the style and the names that it loads.
 */
import icon from '../../../web/icon.svg' with { type: 'text' };
import { allNames } from '../../../web/names.ts';
import { renderPage } from '../../../web/page.tsx';
import style from '../../../web/page.css' with { type: 'text' };
import { pageScript } from '../../../web/scripts.ts';
import type { Lang } from '../../../web/view.ts';
import type { Call } from '../../http/call.ts';
import type { ServeContext } from '../context.ts';
import { withEtag } from '../documents/etag.ts';
import { buildPage } from '../documents/page.ts';
import { assetHeaders, PAGE_HEADERS } from '../documents/page-headers.ts';
import type { Handler } from '../endpoint.ts';
import type { JsonObject } from '../formats/body.ts';
import { langOf } from '../formats/language.ts';
import { flightOf, parametersOf } from '../formats/query.ts';
import { admittedInTurn } from '../guard/shed.ts';
import { prepareReasons } from '../scoring/reasons.ts';
import { byModel, inputsInAddress, takesModelAsInput } from './by-model.ts';
import { buildPageAnswer } from './page-answer.ts';

const HEADERS = { ...PAGE_HEADERS, vary: 'accept-language' };

/** `/` for one model. */
const buildHomeOf = (context: ServeContext, named: string): Handler => {
  const { loaded } = context;
  const page = buildPage(loaded, named);
  const inputs = inputsInAddress(context, named);
  const emptyPage = (lang: Lang): Handler =>
    withEtag(() => renderPage(page(lang, {}, undefined)), HEADERS);
  const empty = { en: emptyPage('en'), es: emptyPage('es') };
  const answerPage = buildPageAnswer(context, named);
  const answerInTurn = async (call: Call, flight: JsonObject, lang: Lang): Promise<Response> => {
    await prepareReasons(loaded.model);
    return admittedInTurn(context, call, (pause) => answerPage(flight, lang, pause));
  };
  return (call) => {
    const lang = langOf(call);
    if (call.query !== '') {
      const flight = flightOf(parametersOf(call.query), inputs);
      if (Object.keys(flight).length > 0) return answerInTurn(call, flight, lang);
    }
    return empty[lang](call);
  };
};

export const buildHome = (context: ServeContext) => {
  const of = byModel(context, buildHomeOf);
  const first = of('');
  const isInput = takesModelAsInput(context);
  const asset = (type: string, write: () => string | Promise<string>): Handler =>
    withEtag(write, assetHeaders(type));
  return {
    '/': (call) => (isInput ? first : of(call.query))(call),
    '/assets/page.js': asset('text/javascript; charset=utf-8', pageScript),
    '/assets/page.css': asset('text/css; charset=utf-8', () => style),
    '/assets/icon.svg': asset('image/svg+xml', () => icon),
    '/assets/names.json': asset('application/json', () => JSON.stringify(allNames())),
  } satisfies Record<string, Handler>;
};
