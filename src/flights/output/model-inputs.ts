/**
 * From the plain columns of a chunk to what a model reads: one float64 per input, rows beside each other.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { buildCodeReader, type Input } from '../../core/inputs.ts';
import { NO_MINUTES } from '../cleaning/projection.ts';
import { buildDictionary } from '../reading/dictionary.ts';
import { doublesOf, intsOf, textsOf } from '../reading/vectors.ts';

/** Where a column of a chunk goes: to `raw[row * stride + at]`. */
interface ColumnPlace {
  readonly column: number;
  readonly raw: Float64Array;
  readonly at: number;
  readonly stride: number;
}

/** Puts the rows of a chunk in their place; returns how many values a category had never seen. */
type ColumnReader = (chunk: DuckDBDataChunk, place: ColumnPlace) => number;

/** A reader of one input's column; a category remembers what it translated. */
export const buildColumnReader = (input: Input): ColumnReader => {
  switch (input.kind) {
    case 'category':
      return buildCategoryReader(input);
    case 'number':
      return (chunk, { column, raw, at, stride }) => {
        const numbers = doublesOf(chunk.getColumnVector(column));
        for (let row = 0; row < numbers.length; row++) raw[row * stride + at] = numbers[row]!;
        return 0;
      };
    case 'time':
      return (chunk, { column, raw, at, stride }) => {
        const minutes = intsOf(chunk.getColumnVector(column));
        for (let row = 0; row < minutes.length; row++) {
          const minute = minutes[row]!;
          raw[row * stride + at] = minute === NO_MINUTES ? Number.NaN : minute;
        }
        return 0;
      };
  }
};

const buildCategoryReader = (input: Input): ColumnReader => {
  const codeOf = buildCodeReader(input)!;
  const dictionary = buildDictionary();
  let translated = new Float64Array(256);
  let nTranslated = 0;
  let codes = new Int32Array(2048);
  return (chunk, { column, raw, at, stride }) => {
    const nRows = chunk.rowCount;
    if (codes.length < nRows) codes = new Int32Array(nRows);
    dictionary.encodeInto(textsOf(chunk.getColumnVector(column)), codes, 0);
    const { texts } = dictionary;
    if (texts.length > translated.length) {
      const wider = new Float64Array(2 * texts.length);
      wider.set(translated);
      translated = wider;
    }
    for (; nTranslated < texts.length; nTranslated++) {
      translated[nTranslated] = codeOf(texts[nTranslated]!) ?? Number.NaN;
    }
    let nUnknown = 0;
    for (let row = 0; row < nRows; row++) {
      const code = codes[row]!;
      const value = code < 0 ? Number.NaN : translated[code]!;
      if (code >= 0 && Number.isNaN(value)) nUnknown++;
      raw[row * stride + at] = value;
    }
    return nUnknown;
  };
};
