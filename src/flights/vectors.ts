/**
 * The memory of DuckDB's vectors as typed arrays, without a call per value.
 * Stands under `rows` and `scan`; only for columns without NULLs.
 */
import {
  DuckDBDoubleVector,
  DuckDBFloatVector,
  DuckDBIntegerVector,
  DuckDBVarCharVector,
  type DuckDBVector,
} from '@duckdb/node-api';

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
