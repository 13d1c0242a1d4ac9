/**
 * Content negotiation: in which language a caller wants to be told what is said to people.
 */
import { LANGUAGES, type Lang } from '../../core/language.ts';
import type { Call } from '../../http/call.ts';
import { itemsOf, partsOf } from '../../http/field-list.ts';
import { buildValueReader } from './query.ts';

const isLang = (text: string | null): text is Lang =>
  (LANGUAGES as readonly string[]).includes(text ?? '');

const langIn = buildValueReader('lang');

/**
 * `?lang=` first, then `Accept-Language`; English when neither names one of ours.
 * @source RFC 9110, 12.5.4
 */
export const langOf = ({ query, header }: Pick<Call, 'query' | 'header'>): Lang => {
  const asked = langIn(query);
  if (isLang(asked)) return asked;
  const accepted = header('accept-language');
  if (accepted === null) return 'en';
  let best: { readonly lang: Lang; readonly weight: number } | undefined;
  for (const range of itemsOf(accepted.toLowerCase())) {
    const [tag = '', ...parameters] = partsOf(range);
    const lang = tag.split('-')[0]!;
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = q === undefined ? 1 : Number(q.slice(2));
    if (isLang(lang) && weight > (best?.weight ?? 0)) best = { lang, weight };
  }
  return best?.lang ?? 'en';
};

/** `langOf`, which is looked for once for calls with the same head. */
export const buildLangOf = (): ((call: Pick<Call, 'query' | 'header' | 'headMark'>) => Lang) => {
  let lastMark = 0;
  let lastLang: Lang = 'en';
  return (call) => {
    const { headMark } = call;
    if (headMark > 0 && headMark === lastMark) return lastLang;
    lastLang = langOf(call);
    lastMark = headMark;
    return lastLang;
  };
};
