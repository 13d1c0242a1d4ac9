/**
 * The search of a combobox: by code first, then by the beginning of a word of the name, then anywhere in it.
 */
import type { Choice } from '../view.ts';

export interface Found extends Choice {
  /** Not among what the model knows. */
  readonly isForeign: boolean;
}

const SHOWN = 60;

/** Lower case without accents, so that `sao` finds São Paulo. */
export const foldText = (text: string): string =>
  text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** 0 is the best; undefined when it does not match. */
const rankOf = ({ value, name }: Choice, wanted: string): number | undefined => {
  const code = foldText(value);
  const title = foldText(name);
  if (code === wanted) return 0;
  if (code.startsWith(wanted)) return 1;
  if (title.startsWith(wanted)) return 2;
  const words = wanted.split(/[\s,·]+/).filter((word) => word !== '');
  const inTitle = title.split(/[\s,-]+/);
  if (words.every((word) => word === code || inTitle.some((part) => part.startsWith(word))))
    return 3;
  return title.includes(wanted) ? 4 : undefined;
};

/** All known choices for an empty text; others only where no known one matches. */
export const findChoices = (
  text: string,
  known: readonly Choice[],
  foreign: readonly Choice[],
): readonly Found[] => {
  const wanted = foldText(text.trim());
  if (wanted === '') return known.map((choice) => ({ ...choice, isForeign: false }));
  const search = (choices: readonly Choice[], isForeign: boolean): readonly Found[] =>
    choices
      .flatMap((choice) => {
        const rank = rankOf(choice, wanted);
        return rank === undefined ? [] : [{ ...choice, isForeign, rank }];
      })
      .sort((a, b) => a.rank - b.rank)
      .slice(0, SHOWN);
  const here = search(known, false);
  return here.length > 0 ? here : search(foreign, true);
};
