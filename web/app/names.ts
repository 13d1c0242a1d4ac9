/**
 * Names of all airlines and airports, fetched once, when somebody looks for one that the model does not know.
 */
import type { Choice } from '../view.ts';

type Names = Readonly<Record<'airline' | 'airport', readonly Choice[]>>;

let names: Promise<Names> | undefined;

const NO_NAMES: Names = { airline: [], airport: [] };

export const fetchNames = (): Promise<Names> => {
  names ??= load().catch(() => {
    names = undefined;
    return NO_NAMES;
  });
  return names;
};

const load = async (): Promise<Names> => {
  const response = await fetch('/assets/names.json');
  if (!response.ok) return NO_NAMES;
  const { airline, airport } = (await response.json()) as Record<keyof Names, string>;
  return { airline: choicesOf(airline), airport: choicesOf(airport) };
};

const choicesOf = (text: string): readonly Choice[] =>
  text.split('\n').map((line) => {
    const [value = '', name = ''] = line.split('\t');
    return { value, name };
  });
