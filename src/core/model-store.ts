/**
 * Where models lie: `models/NAME/VERSION/model.safetensors`, and `models/NAME/current` naming the version that serves.
 */
import { existsSync, lstatSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from './errors.ts';
import { encodeModel } from './model-file.ts';
import { checkFolder, checkWritable, moveFolder, writeAtomically } from './files/atomic-write.ts';
import type { Model } from './model.ts';
import { unreadable } from './files/named-file.ts';
import { readRegularFile } from './files/regular-file.ts';
import { refusalReason } from './files/system-refusal.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const FILE = 'model.safetensors';
const CURRENT_LIMIT_BYTES = 4096;

/** `20261122T101500Z-1a2b3c4d`: when the version was made, and the start of its checksum. */
const versionOf = (sha256: string, made: Date): string =>
  `${made.toISOString().replace(/[-:]|\.\d+/g, '')}-${sha256.slice(0, 8)}`;

const VERSION_FORM = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{8}$/;

/** When a version was made, in milliseconds since 1970; undefined for a name that does not say it. */
export const versionMadeMs = (version: string): number | undefined => {
  const [, year, month, day, hour, minute, second] = VERSION_FORM.exec(version) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
};

/** @throws AppError usage (a name that is no file name) */
const checkName = (name: string): void => {
  if (NAME.test(name)) return;
  throw new AppError('usage', `${name} cannot name a model: letters, digits, '.', '_' and '-'`);
};

/**
 * Whether a model could be stored, asked before it is learned; makes nothing.
 * @throws AppError usage (a name that is no file name), file-unwritable
 */
export const checkPlace = (modelsDir: string, name: string): void => {
  checkName(name);
  checkFolder(join(modelsDir, name));
  checkWritable(join(modelsDir, name, 'current'));
};

/** A version on its way: its files lie in a hidden neighbour, so that it is there whole or not at all. */
export interface VersionInMaking {
  /** Where its model will be. */
  readonly path: string;
  readonly version: string;
  readonly sha256: string;
  /** Adds a file beside the model. @throws AppError file-unwritable; then nothing of the version is left */
  readonly add: (file: string, bytes: Uint8Array) => void;
  /** Puts it in its place and, where wanted, makes it the current one. @throws AppError file-unwritable */
  readonly finish: (isCurrent: boolean) => void;
  /** Leaves nothing of it. */
  readonly abandon: () => void;
}

/** Begins a new version with its model. @throws AppError usage (a name that is no file name), file-unwritable */
export const beginVersion = (modelsDir: string, model: Model, made: Date): VersionInMaking => {
  checkName(model.name);
  const { bytes, sha256 } = encodeModel(model);
  const version = versionOf(sha256, made);
  const folder = join(modelsDir, model.name, version);
  const making = join(modelsDir, model.name, `.${version}.${process.pid}`);
  const abandon = (): void => rmSync(making, { recursive: true, force: true });
  const orNothing = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      abandon();
      throw error;
    }
  };
  const add = (file: string, content: Uint8Array): void =>
    orNothing(() => writeAtomically(join(making, file), content, join(folder, file)));
  add(FILE, bytes);
  const finish = (isCurrent: boolean): void => {
    // The same model, stored twice in a second, is one version.
    if (existsSync(join(folder, FILE))) abandon();
    else orNothing(() => moveFolder(making, folder));
    if (isCurrent) switchCurrent(modelsDir, model.name, version);
  };
  return { path: join(folder, FILE), version, sha256, add, finish, abandon };
};

/**
 * Stores a model as a new version and, unless told otherwise, makes it the current one.
 * @returns the path of its file and its version
 * @throws AppError usage (a name that is no file name), file-unwritable
 */
export const storeModel = (
  modelsDir: string,
  model: Model,
  made: Date,
  isCurrent = true,
): { path: string; version: string; sha256: string } => {
  const { path, version, sha256, finish } = beginVersion(modelsDir, model, made);
  finish(isCurrent);
  return { path, version, sha256 };
};

/** Makes a stored version the one that serves. @throws AppError file-unwritable */
export const switchCurrent = (modelsDir: string, name: string, version: string): void =>
  writeAtomically(join(modelsDir, name, 'current'), Buffer.from(`${version}\n`));

/** The names of all models that have a current version. @throws AppError file-unreadable when it is no folder to read */
export const modelNames = (modelsDir: string): readonly string[] => {
  if (!isThere(modelsDir)) return [];
  return namesIn(modelsDir)
    .filter((name) => existsSync(join(modelsDir, name, 'current')))
    .sort();
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch (error) {
    const isFolder = (error as NodeJS.ErrnoException).code !== 'ENOTDIR';
    const why = isFolder ? refusalReason(error) : 'it is no folder';
    throw new AppError('file-unreadable', `the models in ${folder} cannot be listed: ${why}`, {
      cause: error,
    });
  }
};

/**
 * The file that a user means: a path to a file, `NAME`, `NAME/VERSION`, or a version's folder.
 * @throws AppError model-missing, naming what there is; file-unreadable where something is that cannot be reached
 */
export const findModel = (modelsDir: string, wanted: string): string => {
  if (existsSync(join(wanted, FILE))) return join(wanted, FILE);
  const [name, version] = wanted.split('/');
  if (name !== undefined && NAME.test(name)) {
    const current = version ?? currentOf(modelsDir, name);
    const path = current === undefined ? undefined : join(modelsDir, name, current, FILE);
    if (path !== undefined && isThere(path)) return path;
  }
  if (isThere(wanted)) return wanted;
  if (name !== undefined && NAME.test(name)) {
    const why = whyMissing(modelsDir, name, version);
    if (why !== undefined) throw new AppError('model-missing', why);
  }
  const names = modelNames(modelsDir);
  const there =
    names.length === 0
      ? `${modelsDir} holds none; 'puntual train FILE' makes one`
      : `${modelsDir} holds ${names.join(', ')}`;
  throw new AppError('model-missing', `there is no model '${wanted}': ${there}`);
};

/**
 * @throws AppError file-unreadable where links go in a circle or a folder may not be entered, file-missing where a link
 * leads to nothing
 */
const isThere = (path: string): boolean => {
  try {
    statSync(path);
    return true;
  } catch (error) {
    const isHidden = ['ELOOP', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (isHidden || isLink(path)) throw unreadable(path, error);
    return false;
  }
};

const isLink = (path: string): boolean => {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
};

/** Why a model of which something is stored is not found, and what to do; undefined where there is nothing of it. */
const whyMissing = (modelsDir: string, name: string, version?: string): string | undefined => {
  const [newest] = versionsOf(modelsDir, name);
  const current = currentOf(modelsDir, name);
  const stored = newest === undefined ? '' : `; the newest that is stored is '${name}/${newest}'`;
  if (version !== undefined && version !== current)
    return stored === '' ? undefined : `there is no version '${version}' of '${name}'${stored}`;
  if (current === undefined)
    return stored === ''
      ? undefined
      : `no version of '${name}' is current${stored}: name that version, or train with --publish, which makes one current`;
  const path = join(modelsDir, name, 'current');
  const fault = current === '' ? 'is empty' : `names '${current}', which is not stored`;
  const remedy =
    stored === '' ? ', nor is any other version: ' : `${stored}: write that version into it, or `;
  return `${path} ${fault}${remedy}train with --publish, which makes a new one current`;
};

/** The versions of a model that are stored, the newest first. */
const versionsOf = (modelsDir: string, name: string): readonly string[] => {
  const folder = join(modelsDir, name);
  if (!existsSync(folder)) return [];
  return namesIn(folder)
    .filter((version) => !version.startsWith('.') && existsSync(join(folder, version, FILE)))
    .sort()
    .reverse();
};

/** The version that serves, or undefined. */
export const currentOf = (modelsDir: string, name: string): string | undefined => {
  const path = join(modelsDir, name, 'current');
  return existsSync(path)
    ? readRegularFile(path, CURRENT_LIMIT_BYTES).toString('utf8').trim()
    : undefined;
};
