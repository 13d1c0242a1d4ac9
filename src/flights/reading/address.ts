/**
 * Files at an address: fetched to a file of our own, then read as any other. The database never sees the network.
 */
import { AppError } from '../../core/errors.ts';
import { fetchFault } from '../../host/fetch-fault.ts';
import { shownAddress } from '../../host/shown-text.ts';
import type { ScratchFile } from '../scratch.ts';

/** The file at an address, byte by byte, never more than a piece in memory. @throws AppError file-missing, file-unreadable, file-unwritable */
export const fetchInto = async (address: string, content: ScratchFile): Promise<void> => {
  const shown = shownAddress(address);
  const scheme = /^(\w+):/.exec(address)![1]!.toLowerCase();
  if (!['http', 'https', 's3'].includes(scheme))
    throw new AppError(
      'usage',
      `${shown}: files are fetched from https:// and s3://; download this one, or give its https:// address`,
    );
  try {
    const body = scheme === 's3' ? Bun.s3.file(address).stream() : await bodyOf(address, shown);
    await pour(body, content);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = error as { code?: string };
    if (code === 'NoSuchKey') throw new AppError('file-missing', `${shown} does not exist`);
    throw new AppError('file-unreadable', `${shown} cannot be fetched: ${faultOf(error)}`, {
      cause: error,
    });
  }
};

const faultOf = (error: unknown): string => {
  const { name, code, message } = error as { name: string; code?: string; message: string };
  if (code === 'ERR_S3_MISSING_CREDENTIALS')
    return 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set; a public file has an https:// address';
  // The last is what the store says of a file.
  if (error === SILENCE) return message;
  return name === 'S3Error' ? message.split('\n')[0]! : fetchFault(error);
};

const bodyOf = async (address: string, shown: string): Promise<ReadableStream<Uint8Array>> => {
  // Unpacked by whoever reads it, by its first bytes: a packed file may be sent as what it is, or as packed on the way.
  const response = await within(
    fetch(address, { decompress: false, headers: { 'accept-encoding': 'identity' } }),
  );
  if (response.status === 404 || response.status === 410)
    throw new AppError('file-missing', `${shown} does not exist (HTTP ${response.status})`);
  if (!response.ok || response.body === null)
    throw new AppError(
      'file-unreadable',
      `${shown} cannot be fetched: HTTP ${response.status} ${response.statusText}`.trim(),
    );
  const coding = response.headers.get('content-encoding')?.trim().toLowerCase() || 'identity';
  if (!CODINGS.includes(coding))
    throw new AppError(
      'file-unreadable',
      `${shown} cannot be fetched: it comes packed as ${coding.slice(0, 40)}, though it was asked for as it is`,
    );
  return response.body;
};

const CODINGS = ['identity', 'gzip', 'x-gzip', 'zstd'];

/** Until a server answers, and between two pieces of what it sends. */
const ANSWER_MS = 60_000;
const SILENCE = new Error(`nothing came for ${ANSWER_MS / 1000} s`);

const pour = async (body: ReadableStream<Uint8Array>, content: ScratchFile): Promise<void> => {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(reader.read());
      if (done) return;
      content.write(value);
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
};

/** @throws Error when nothing comes for a minute */
const within = async <T>(piece: Promise<T>): Promise<T> => {
  let timer: Timer | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(SILENCE), ANSWER_MS);
  });
  try {
    return await Promise.race([piece, silence]);
  } finally {
    clearTimeout(timer);
  }
};
