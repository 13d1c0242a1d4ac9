/**
 * What a model asks for and flights do not have: inputs that none of them holds, and values that were never seen in training.
 */
import { PLAN_FIELDS } from '../core/around/surroundings.ts';
import { WEATHER_FIELDS } from '../core/around/weather.ts';
import type { Input } from '../core/inputs.ts';
import type { Table } from '../core/table.ts';

/** By input: flights with a value that the model was not trained on, which counts as missing. */
export const unseenValues = (
  { columns, nRows }: Table,
  inputs: readonly Input[],
): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { name, kind, values = [] } of inputs) {
    const column = columns[name as keyof Table['columns']];
    if (kind !== 'category' || column?.kind !== 'category') continue;
    const known = new Set(values);
    const isUnseen = column.values.map((value) => !known.has(value));
    let n = 0;
    for (let row = 0; row < nRows; row++) if (isUnseen[column.codes[row]!]) n++;
    if (n > 0) counts[name] = n;
  }
  return counts;
};

/**
 * Inputs that not one of the flights has.
 * @param raw float64, shape (nRows, nInputs)
 * @param unseen those that hold values, of which the model knows none or few
 */
export const absentInputs = (
  inputs: readonly Input[],
  raw: Float64Array,
  unseen: Readonly<Record<string, number>>,
): readonly string[] =>
  inputs.flatMap(({ name }, i) => {
    if (unseen[name] !== undefined) return [];
    for (let at = i; at < raw.length; at += inputs.length) if (!Number.isNaN(raw[at])) return [];
    return [name];
  });

/** What the plan of a day fills follows from other inputs. */
const isPlanned = (name: string): boolean => (PLAN_FIELDS as readonly string[]).includes(name);
const isWeather = (name: string): boolean => (WEATHER_FIELDS as readonly string[]).includes(name);

const MAX_SHOWN = 3;

/**
 * `temperatureF, dewPointF, humidityPercent and 17 more, which these flights do not have (--weather FILE gives the weather)`;
 * undefined where nothing is missed but what follows from other inputs.
 */
export const describeAbsent = (absent: readonly string[]): string | undefined => {
  const names = absent.filter((name) => !isPlanned(name));
  if (names.length === 0) return undefined;
  const more = names.length > MAX_SHOWN ? ` and ${names.length - MAX_SHOWN} more` : '';
  const hint = names.some(isWeather) ? ' (--weather FILE gives the weather)' : '';
  return `${names.slice(0, MAX_SHOWN).join(', ')}${more}, which these flights do not have${hint}`;
};

/** Whether a model that looks at the weather was given none of it. */
export const lacksWeather = (inputs: readonly Input[], absent: readonly string[]): boolean => {
  const asked = inputs.filter(({ name }) => isWeather(name));
  return asked.length > 0 && asked.every(({ name }) => absent.includes(name));
};
