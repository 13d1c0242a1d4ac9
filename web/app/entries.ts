/**
 * What was entered, and the flight that it makes.
 */
import { parseDate, parseTime, typedDate } from '../moment.ts';
import type { FieldView, Flight, Lang } from '../view.ts';
import type { Words } from '../words/words.ts';

export interface Entry {
  /** As it was typed; of a time the date, `T` and the time. */
  readonly text: string;
  /** Whether the field was left: until then nothing is called wrong. */
  readonly isLeft: boolean;
  /** Of a time: ISO 8601, once both parts can be read. */
  readonly value?: string;
}

export type Entries = Readonly<Record<string, Entry>>;

interface Reading {
  readonly flight: Flight;
  readonly faults: Readonly<Record<string, string>>;
  /** Nothing needed is missing and nothing is wrong. */
  readonly isWhole: boolean;
}

/** A number as it is typed in this language: `1,234.5`, `1.234,5`. */
const parseNumber = (text: string, lang: Lang): number => {
  const plain = text.trim().replace(/\s/g, '');
  if (lang === 'es' && /^[-+]?\d{1,3}(\.\d{3})*(,\d+)?$/.test(plain))
    return Number(plain.replaceAll('.', '').replace(',', '.'));
  if (/^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain)) return Number(plain.replaceAll(',', ''));
  return plain === '' ? Number.NaN : Number(plain.replace(',', '.'));
};

/** ISO 8601 of `dateTtime` as it was typed; undefined while it cannot be read. */
export const readMoment = (text: string, lang: Lang): string | undefined => {
  const [date = '', time = ''] = text.split('T');
  const day = parseDate(date, lang);
  const clock = parseTime(time);
  return day === undefined || clock === undefined ? undefined : `${day}T${clock}`;
};

/** An entry of a value that the service sent or an address names. */
export const entryOf = ({ kind }: FieldView, value: string, lang: Lang): Entry => {
  if (kind !== 'time' || value === '') return { text: value, isLeft: false };
  const [date = '', time = ''] = value.split(/[T ]/);
  const text = `${/^\d{4}-\d\d-\d\d$/.test(date) ? typedDate(date, lang) : date}T${time.slice(0, 5)}`;
  const moment = readMoment(text, lang);
  return { text, isLeft: false, ...(moment === undefined ? {} : { value: moment }) };
};

export const readEntries = (
  fields: readonly FieldView[],
  entries: Entries,
  lang: Lang,
  words: Words,
): Reading => {
  const flight: Record<string, string | number> = {};
  const faults: Record<string, string> = {};
  let isWhole = true;
  const blame = ({ isLeft }: Entry, name: string, fault: string): void => {
    isWhole = false;
    if (isLeft) faults[name] = fault;
  };
  for (const { name, kind, required } of fields) {
    const entry = entries[name] ?? { text: '', isLeft: false };
    const text = kind === 'time' ? entry.text.replace(/^T$/, '') : entry.text.trim();
    if (text === '') {
      if (required) blame(entry, name, words.form.required);
    } else if (kind === 'number') {
      const value = parseNumber(text, lang);
      if (Number.isFinite(value)) flight[name] = value;
      else blame(entry, name, words.form.badNumber);
    } else if (kind === 'time') {
      const moment = readMoment(text, lang);
      const [date = ''] = text.split('T');
      if (moment !== undefined) flight[name] = moment;
      else if (date === '' || parseDate(date, lang) === undefined)
        blame(entry, name, words.form.badDate);
      else blame(entry, name, words.form.badTime);
    } else flight[name] = text;
  }
  return { flight, faults, isWhole };
};
