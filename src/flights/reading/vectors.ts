/**
 * The memory of DuckDB's vectors as typed arrays, without a call per value.
 */
import {
  DuckDBBooleanVector,
  DuckDBDoubleVector,
  DuckDBFloatVector,
  DuckDBIntegerVector,
  DuckDBStructVector,
  DuckDBVarCharVector,
  type DuckDBVector,
} from '@duckdb/node-api';

/** Rows that the database hands over at a time, at most. */
export const CHUNK_ROWS = 2048;

export const intsOf = (vector: DuckDBVector): Int32Array => {
  if (!(vector instanceof DuckDBIntegerVector))
    throw new TypeError('an INTEGER column is expected');
  return vector['items'];
};

export const doublesOf = (vector: DuckDBVector): Float64Array => {
  if (!(vector instanceof DuckDBDoubleVector)) throw new TypeError('a DOUBLE column is expected');
  return vector['items'];
};

export const floatsOf = (vector: DuckDBVector): Float32Array => {
  if (!(vector instanceof DuckDBFloatVector)) throw new TypeError('a FLOAT column is expected');
  return vector['items'];
};

export const textsOf = (vector: DuckDBVector): DuckDBVarCharVector => {
  if (!(vector instanceof DuckDBVarCharVector)) throw new TypeError('a VARCHAR column is expected');
  return vector;
};

/** A bit per item, lowest first: 0 where it is NULL; undefined where none is. */
export const presentOf = (vector: DuckDBVarCharVector): Int32Array | undefined => {
  const data = vector['validity']['data'];
  return data === null ? undefined : new Int32Array(data.buffer, data.byteOffset, 2 * data.length);
};

/** A byte per item, 0 for false. */
export const booleansOf = (vector: DuckDBVector): Uint8Array => {
  if (!(vector instanceof DuckDBBooleanVector)) throw new TypeError('a BOOLEAN column is expected');
  const { buffer, byteOffset, byteLength } = vector['dataView'];
  return new Uint8Array(buffer, byteOffset, byteLength);
};

export const entriesOf = (vector: DuckDBVector): readonly DuckDBVector[] => {
  if (!(vector instanceof DuckDBStructVector)) throw new TypeError('a STRUCT column is expected');
  return vector['entryVectors'];
};

/** Makes items of a vector that is written NULL: those whose bit in `present` (uint32 words, lowest first) is 0. */
export const setMissing = (vector: DuckDBVector, present: Uint32Array): void => {
  const nWords = Math.ceil(vector.itemCount / 64);
  const data = new BigUint64Array(present.slice(0, 2 * nWords).buffer);
  if (vector instanceof DuckDBDoubleVector) vector['validity']['data'] = data;
  else if (vector instanceof DuckDBBooleanVector) vector['validity']['data'] = data;
  else throw new TypeError('a DOUBLE or BOOLEAN column is expected');
};
