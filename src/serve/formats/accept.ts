/**
 * Content negotiation: whether a client prefers JSON to HTML.
 */
import { itemsOf, partsOf } from '../../http/field-list.ts';

/**
 * Whether JSON is wanted more than HTML; HTML when it does not matter.
 * @source RFC 9110, 12.5.1 (weights; a more exact range wins)
 */
export const prefersJson = (accept: string | null): boolean => {
  if (accept === null) return false;
  const weights = new Map(itemsOf(accept.toLowerCase()).map(rangeOf));
  const weightOf = (type: string): number =>
    weights.get(type) ?? weights.get(`${type.split('/')[0]}/*`) ?? weights.get('*/*') ?? 0;
  return weightOf('application/json') > weightOf('text/html');
};

const rangeOf = (text: string): readonly [string, number] => {
  const [range, ...parameters] = partsOf(text);
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const q = weight === undefined ? 1 : Number(weight.slice(2));
  return [range!, q >= 0 && q <= 1 ? q : 0];
};
