/**
 * Predictions as JSON text: written by concatenation, with what never changes prepared once.
 * Stands between the predictor's numbers and the answers of `predict`, `result` and the stream.
 */
import type { LoadedModel } from '../core/model-file.ts';
import type { Head } from '../core/model.ts';

export interface AnswerWriter {
  /** `{"delayed":...,"minutes":{...}` of the answers at `out[at]`: open, so that more keys can follow. */
  readonly open: (out: Float64Array, at: number) => string;
  /** `,"unknown":[...]`, or nothing. */
  readonly unknown: (names: readonly string[]) => string;
  /** `"model":{...}`. */
  readonly model: string;
}

/** Reads better than `p50`, and is what every client of the interface writes: 0.5 is `p50`, 0.999 is `p99.9`. */
export const levelName = (level: number): string => `p${Number((level * 100).toPrecision(6))}`;

/** @cost one number-to-text conversion per head */
export const buildAnswerWriter = ({ model, version }: LoadedModel): AnswerWriter => {
  const { heads, threshold } = model;
  const nProbabilities = heads.filter((head) => head.kind === 'probability').length;
  const keys = heads.map(keyOf);
  const afterProbability = `,"threshold":${number(threshold)},"atLeastMinutes":{${keys[0]}`;
  const unknownOf = new Map<string, string>();
  return {
    open: (out, at) => {
      const first = out[at]!;
      const text = number(first);
      let json =
        first >= threshold ? '{"delayed":true,"probability":' : '{"delayed":false,"probability":';
      json += text + afterProbability + text;
      for (let h = 1; h < nProbabilities; h++) json += `,${keys[h]}${number(out[at + h]!)}`;
      if (nProbabilities === heads.length) return `${json}}`;
      json += '},"minutes":{';
      for (let h = nProbabilities; h < heads.length; h++) {
        if (h > nProbabilities) json += ',';
        json += keys[h]! + number(tenths(out[at + h]!));
      }
      return `${json}}`;
    },
    unknown: (names) => {
      if (names.length === 0) return '';
      const key = names.join();
      let text = unknownOf.get(key);
      if (text === undefined) {
        text = `,"unknown":${JSON.stringify(names)}`;
        if (unknownOf.size < 1000) unknownOf.set(key, text);
      }
      return text;
    },
    model: `"model":${JSON.stringify({ name: model.name, version })}`,
  };
};

const keyOf = (head: Head): string =>
  head.kind === 'probability' ? `"${head.minutes}":` : `"${levelName(head.level)}":`;

/** Minutes to a tenth: the data holds whole minutes. */
const tenths = (minutes: number): number => Math.round(minutes * 10) / 10;

/** JSON has no NaN. */
const number = (value: number): string => (Number.isFinite(value) ? `${value}` : 'null');
