/**
 * Columns of the files that the user knows before departure: the flag that `train` and `features` share.
 */
import { InvalidArgumentError, type Option } from 'commander';
import type { OwnColumn } from '../../flights/cleaning/own-columns.ts';
import { setting } from '../setting.ts';

export const ownColumnsOption = (): Option =>
  setting(
    '--columns <names>',
    "columns of your own that are known before departure, such as 'seats,aircraftType'; numbers or categories by their content, or as you say: 'gate:category'",
  ).argParser(parseColumns);

/** @throws InvalidArgumentError */
const parseColumns = (text: string): readonly OwnColumn[] => {
  const columns = text.split(',').map((part): OwnColumn => {
    const [, name = '', kind] = /^\s*(.*?)\s*(?::\s*(category|number)\s*)?$/.exec(part) ?? [];
    if (name === '')
      throw new InvalidArgumentError("Names of columns are expected, as 'seats,gate:category'.");
    return kind === undefined ? { name } : { name, kind: kind as 'category' | 'number' };
  });
  const names = columns.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new InvalidArgumentError(`It names ${twice} twice.`);
  return columns;
};
