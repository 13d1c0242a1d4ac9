/**
 * The folder that supervisor and workers share: counters, drift counts, checked copies of models. In memory where the
 * system has room there, so that counting never waits for a disk.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { refusalReason } from '../../core/files/system-refusal.ts';
import { MODEL_FILE_LIMIT_BYTES } from '../../core/model-file.ts';
import { endless } from '../../core/files/named-file.ts';
import { openRegularFile } from '../../core/files/regular-file.ts';
import { readMemoryUse } from '../../host/memory-limit.ts';
import { freeBytes, sharedFolders } from '../../host/shared-folder.ts';
import type { ModelCopy } from '../messages.ts';

/** `puntual-4026531836-1234-`: the namespace that a process number counts in, and the process. */
const prefixOf = (pid: string | number): string => `puntual-${namespace()}-${pid}-`;

const namespace = (): string => {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '0';
  }
};

/** Room that counters and copies of a usual model need; memory with less is left alone. */
const MIN_FREE_BYTES = 16 * 2 ** 20;

const COPY_BYTES = 2 ** 20;

const isAlive = (pid: string): boolean => existsSync(`/proc/${pid}`);

/** Takes away what supervisors left that are gone, as far as it may: anybody writes there, and others' stays theirs. */
const removeLeft = (base: string): void => {
  for (const name of namesIn(base)) {
    const pid = /^puntual-\d+-(\d+)-/.exec(name)?.[1];
    if (!pid || !name.startsWith(prefixOf(pid)) || !existsSync('/proc/self') || isAlive(pid))
      continue;
    try {
      rmSync(join(base, name), { recursive: true, force: true });
    } catch {
      // It belongs to another user.
    }
  }
};

/** None of a folder that may be written to, yet not read. */
const namesIn = (base: string): readonly string[] => {
  try {
    return readdirSync(base);
  } catch {
    return [];
  }
};

/**
 * Makes the folders, best first (the others take what has no room in it), and takes away those whose supervisor is gone.
 * @throws AppError file-unwritable when there is none
 */
export const makeSharedDirs = (bases = sharedFolders(MIN_FREE_BYTES)): readonly string[] => {
  const failures: string[] = [];
  const dirs = bases.flatMap((base) => {
    try {
      removeLeft(base);
      return [mkdtempSync(join(base, prefixOf(process.pid)))];
    } catch (error) {
      failures.push(`${base} (${refusalReason(error)})`);
      return [];
    }
  });
  if (dirs.length > 0) return dirs;
  throw new AppError(
    'file-unwritable',
    `no folder can be written for counters and copies of models: ${failures.join(', ') || 'neither /dev/shm nor that of temporary files'}; mount a writable one, such as /tmp`,
  );
};

/**
 * Copies a model file, so that what serves cannot change or vanish under the workers.
 * @param dirs the first that has room takes it
 * @throws AppError file-missing, file-unreadable (also when it is no regular file), file-unwritable (no room)
 */
export const keepModel = (
  dirs: readonly string[],
  path: string,
  { version, n }: { readonly version: string; readonly n: number },
): ModelCopy => {
  const source = openRegularFile(path, MODEL_FILE_LIMIT_BYTES);
  const failures: string[] = [];
  try {
    checkMemory(path, source.sizeBytes);
    for (const dir of dirs) {
      const file = join(dir, `model-${n}-${basename(path)}`);
      try {
        if (source.sizeBytes > freeBytes(dir)) throw new Error('there is no room for it');
        copyInto(file, source, path);
        return { file, path, version };
      } catch (error) {
        dropCopy(file);
        if (error instanceof AppError) throw error;
        failures.push(`${dir}: ${refusalReason(error)}`);
      }
    }
  } finally {
    closeSync(source.descriptor);
  }
  throw new AppError(
    'file-unwritable',
    `a copy of ${path} cannot be written: ${failures.join(', ')}`,
  );
};

/**
 * The copy of a model is in memory, or will be once a worker reads it.
 * @throws AppError limit-system when so many bytes are more than what is left of the memory of all
 */
export const checkMemory = (name: string, nBytes: number, use = readMemoryUse()): void => {
  if (use === undefined || use.usedBytes + nBytes <= use.limitBytes) return;
  const mb = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
  throw new AppError(
    'limit-system',
    `there is no memory for ${name} of ${mb(nBytes)} or more: ${mb(use.limitBytes)} for all, ${mb(use.usedBytes)} in use; allow more memory, or serve a smaller model`,
  );
};

/** Exactly what the source says it holds. @throws AppError file-unreadable when the source fails, or holds more or less; what the target says as it is */
const copyInto = (
  file: string,
  { descriptor, sizeBytes }: { readonly descriptor: number; readonly sizeBytes: number },
  path: string,
): void => {
  const part = Buffer.alloc(COPY_BYTES);
  const read = (from: number): number => {
    try {
      return readSync(descriptor, part, 0, part.length, from);
    } catch (error) {
      throw new AppError('file-unreadable', `${path} cannot be read: ${refusalReason(error)}`, {
        cause: error,
      });
    }
  };
  const target = openSync(file, 'wx', 0o600);
  try {
    let nCopied = 0;
    for (let nRead = read(0); nRead > 0; nRead = read(nCopied)) {
      if (nCopied + nRead > sizeBytes) throw endless(path, sizeBytes);
      for (let at = 0; at < nRead; ) at += writeSync(target, part, at, nRead - at);
      nCopied += nRead;
    }
    if (nCopied < sizeBytes)
      throw new AppError(
        'file-unreadable',
        `${path} says that it holds ${sizeBytes} bytes and holds ${nCopied}: it was cut while it was read, or is one of the kernel's`,
      );
  } finally {
    closeSync(target);
  }
};

/*
 * The supervisor holds the copies that workers read (models, certificates, keys, plans) open, so that they come back when
 * somebody cleans the folder: what removes old files from `/tmp`, or all of a user's from `/dev/shm` when that user logs
 * out. Without them no worker could be started any more.
 */

/** Descriptors by the path of the copy; they belong to this process as a whole. */
const held = new Map<string, number>();

export const holdCopy = (path: string): void => {
  held.set(path, openSync(path, 'r'));
};

/** Removes a copy that nobody needs any more. */
export const dropCopy = (path: string): void => {
  const descriptor = held.get(path);
  if (descriptor !== undefined) closeSync(descriptor);
  held.delete(path);
  try {
    rmSync(path, { force: true });
  } catch {
    // Something else has taken the place of its folder.
  }
};

/**
 * Brings back what is held and is not there any more, and the folder with it.
 * @returns how many copies came back; undefined when the folder was there
 * @throws AppError file-unwritable
 */
export const restoreCopies = (sharedDir: string): number | undefined => {
  const isWhole = existsSync(sharedDir);
  const lost = [...held].filter(([path]) => !existsSync(path));
  if (isWhole && lost.length === 0) return undefined;
  try {
    for (const dir of new Set([sharedDir, ...lost.map(([path]) => dirname(path))])) makeOwn(dir);
    for (const [path, descriptor] of lost) writeAgain(path, descriptor);
  } catch (error) {
    throw new AppError(
      'file-unwritable',
      `what was removed from ${sharedDir} cannot be written again: ${refusalReason(error)}`,
      { cause: error },
    );
  }
  return lost.length;
};

/** In a place that all may write to, a folder of that name may be another's by now. */
const makeOwn = (dir: string): void => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (statSync(dir).uid !== process.getuid?.()) throw new Error(`${dir} belongs to somebody else`);
};

const writeAgain = (path: string, descriptor: number): void => {
  const unfinished = `${path}.again`;
  rmSync(unfinished, { force: true });
  try {
    copyInto(unfinished, { descriptor, sizeBytes: fstatSync(descriptor).size }, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  renameSync(unfinished, path);
};
