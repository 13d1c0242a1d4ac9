/** A file that is no model we read is called what it is. */
import { expect, test } from 'bun:test';
import { AppError } from '../core/errors.ts';
import { importModel } from './import.ts';

const zip = (name: string): string => `PK\x03\x04${'\0'.repeat(26)}${name}`;

test.each([
  ['an empty file', '', 'is empty'],
  ['a PyTorch file', zip('archive/data.pkl'), 'PyTorch'],
  ['a Keras file', zip('config.json'), 'Keras'],
  ['another archive', zip('model.pkl'), 'a zip archive; unpack it'],
  ['an HDF5 file', '\x89HDF\r\n\x1a\n', 'HDF5'],
  ['a NumPy array', '\x93NUMPY\x01\0', 'a NumPy array'],
  ['an old XGBoost file', 'binf\0\0', "save_model('model.ubj')"],
  ['a Parquet file', 'PAR1\x15\x04', 'a Parquet table'],
  ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\noid', 'git lfs pull'],
  ['a web page', '\n<!DOCTYPE html><html>', 'a web page'],
  ['a CSV file', 'year,month,day\n2013,1,1\n', 'a table of text'],
  ['a CSV file that begins like a pickle', 'carrier,origin\nUA,EWR\n', 'a table of text'],
  [
    'a model of ours',
    '\x40\0\0\0\0\0\0\0{"__metadata__":{"format":"puntual-model-1"}}',
    'a model of Puntual already',
  ],
  ['anything else', 'hello', 'of no known format; LightGBM text'],
])('%s is refused as what it is', (_, text, says) => {
  try {
    importModel(Buffer.from(text, 'latin1'), {}, 'x');
    throw new Error('it was read');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe('model-unsupported');
    expect(error.message).toContain(says);
  }
});

test('a pickle of something else than a model is called what it is', () => {
  const list = Uint8Array.of(0x80, 4, 0x5d, 0x2e);
  expect(() => importModel(list, {}, 'x')).toThrow('the pickle holds a list, not a model');
});
