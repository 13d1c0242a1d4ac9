/**
 * What the first bytes of a file say: what it is, and what it is not.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { endless, unreadable } from '../../core/files/named-file.ts';
import type { Format } from './files.ts';
import { excelOf } from './zip.ts';

const SNIFFED_BYTES = 512;

/** The first bytes. @throws AppError file-missing, file-unreadable, file-empty */
export const readHead = (file: string, path: string): Buffer => {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const head = Buffer.alloc(SNIFFED_BYTES);
      const nBytes = readSync(descriptor, head, 0, SNIFFED_BYTES, 0);
      if (nBytes === 0) throw new AppError('file-empty', `${file} is empty`);
      // What says that it is empty, and is not, is one of the kernel's.
      if (fstatSync(descriptor).size === 0) throw endless(file, 0);
      return head.subarray(0, nBytes);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(path, error, file);
  }
};

/** Files that are taken for data and are something else, known by how they begin. @throws AppError */
export const refuseForeign = (file: string, head: Buffer): void => {
  const text = head.toString('latin1');
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    const nBytes = /^size (\d+)/m.exec(text)?.[1];
    throw new AppError(
      'file-broken',
      `${file} is a Git LFS pointer, not the data${nBytes ? ` (${Number(nBytes).toLocaleString('en')} bytes that lie elsewhere)` : ''}; 'git lfs pull' fetches it`,
    );
  }
  if (text.startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) throw excelOf(file);
  const foreign = (
    [
      [/^%PDF-/, 'a PDF document'],
      [/^\s*(<!doctype html|<html)/i, 'a web page'],
      [/^7z\xbc\xaf/, 'a 7z archive; unpack it'],
      [/^Rar!/, 'a RAR archive; unpack it'],
      [/^SQLite format 3/, 'an SQLite database; export its table as CSV'],
      [/^.{257}ustar/s, 'a tar archive; unpack it'],
    ] as const
  ).find(([pattern]) => pattern.test(text));
  if (foreign)
    throw new AppError(
      'file-unreadable',
      `${file} is ${foreign[1]}; CSV, TSV, Parquet, NDJSON or Arrow is expected`,
    );
};

/** The format of a file whose name does not say it. */
export const sniffFormat = (head: Buffer): Format => {
  if (head.toString('latin1', 0, 4) === 'PAR1') return 'parquet';
  if (head.toString('latin1', 0, 6) === 'ARROW1') return 'arrow';
  if (head.length >= 4 && head.readUInt32LE(0) === 0xffffffff) return 'arrow';
  return head.toString('latin1').trimStart().startsWith('{') ? 'ndjson' : 'csv';
};
