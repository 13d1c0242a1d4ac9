/**
 * Checked access to XGBoost's JSON documents: records, lists, numbers and text, each refused where it is not what it should be.
 */
import { AppError } from '../../core/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const own = (record: Json, name: string): unknown =>
  Object.hasOwn(record, name) ? record[name] : undefined;

export const jsonRecord = (record: Json, name: string): Json => {
  const value = own(record, name);
  if (!isRecord(value)) throw broken(`${name} is missing`);
  return value;
};

export const jsonList = (record: Json, name: string): readonly unknown[] => {
  const value = own(record, name);
  if (!Array.isArray(value)) throw broken(`${name} is missing`);
  return value;
};

export const jsonNumbers = (record: Json, name: string): readonly number[] => {
  const list = jsonList(record, name).map((item) =>
    typeof item === 'boolean' ? +item : item === null ? Number.NaN : item,
  );
  if (!list.every((item) => typeof item === 'number')) throw broken(`${name} holds no numbers`);
  return list as readonly number[];
};

export const jsonText = (record: Json, name: string): string => {
  const value = own(record, name);
  if (typeof value !== 'string') throw broken(`${name} is missing`);
  return value;
};

export const broken = (detail: string): AppError =>
  new AppError('model-broken', `the XGBoost model cannot be read: ${detail}`);

export const unsupported = (detail: string): AppError =>
  new AppError('model-unsupported', `the XGBoost model ${detail}`);
