/**
 * The operator's files that workers need: certificate, private key, caller keys, key set. The supervisor reads and checks
 * them, and keeps copies of those that were good; workers read the copies only. So a worker that is started later finds
 * what the others have, whatever has become of the files, and a change is taken over everywhere or nowhere.
 */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { readRegularFile } from '../../core/files/regular-file.ts';
import type { ServeConfig } from '../config.ts';
import { authFileOf, buildAuthorise, keyAddressOf, withAuthFile } from '../guard/auth.ts';
import { exposureIn, fetchKeySet } from '../guard/key-set.ts';
import type { Log } from '../log.ts';
import {
  type Certificate,
  dateDoubt,
  judgeCertificate,
  tryCertificate,
} from '../guard/certificate.ts';
import { dropCopy, holdCopy } from './shared-dir.ts';

type KeptConfig = Pick<ServeConfig, 'tls' | 'auth'>;

/** What has changed at a look, and was good. */
interface KeptChange {
  readonly tls: boolean;
  readonly auth: boolean;
}

interface KeptFiles {
  /** The configuration with the copies in place of the operator's files. */
  readonly config: () => ServeConfig;
  /** Why the files as they are now are not in use; undefined when they are. */
  readonly refusal: () => string | undefined;
  /** What is used all the same, and should be mended: dates, order, rights. */
  readonly doubts: (nowMs: number) => readonly string[];
  /**
   * Reads files that have changed since, and stayed the same from one look to the next.
   * @returns what has changed for the better; undefined when nothing has, or the new ones are refused
   */
  readonly look: () => KeptChange | undefined;
}

const TLS_LIMIT_BYTES = 2 ** 20;
const AUTH_LIMIT_BYTES = 4 * 2 ** 20;
const START_TRIES = 5;

/** @throws AppError usage, file-missing, file-unreadable, file-unwritable when the files are no good at the start */
export const keepFiles = (config: ServeConfig, sharedDir: string): KeptFiles => {
  const { tls, auth, controlTokenFile } = config;
  const authFile = auth === undefined ? undefined : authFileOf(auth);
  const paths = [tls?.certFile, tls?.keyFile, authFile].filter((path) => path !== undefined);
  const stamps = (): string => paths.map(stampOf).join(' / ');
  let nCopies = 0;
  // An address of keys needs no copy.
  let kept: KeptConfig = { tls: undefined, auth: authFile === undefined ? auth : undefined };
  let before = kept;
  let refusal: string | undefined;
  let served = stamps();
  let last = served;
  let tlsBytes: Buffer | undefined;
  let authBytes: Buffer | undefined;
  let certificate: Certificate | undefined;
  let exposure: string | undefined;

  const keep = (bytes: Buffer): string => {
    const file = join(sharedDir, `kept-${++nCopies}`);
    try {
      writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' });
      holdCopy(file);
    } catch (error) {
      dropCopy(file);
      throw new AppError('file-unwritable', `a copy of ${paths.join(', ')} cannot be written`, {
        cause: error,
      });
    }
    return file;
  };

  /** Takes away copies, unless others need them too. */
  const remove = (copies: KeptConfig, others: KeptConfig): void => {
    for (const file of filesOf(copies)) if (!filesOf(others).includes(file)) dropCopy(file);
  };

  /** Copies only when all of them are good. */
  const takeOver = (): KeptChange => {
    const cert = tls && readRegularFile(tls.certFile, TLS_LIMIT_BYTES);
    const key = tls && readRegularFile(tls.keyFile, TLS_LIMIT_BYTES);
    const judged = tls && cert && key && judgeCertificate(tls, cert, key);
    const keys = authFile === undefined ? undefined : readRegularFile(authFile, AUTH_LIMIT_BYTES);
    const nextTls = cert && key && Buffer.concat([cert, key]);
    const change = { tls: differs(nextTls, tlsBytes), auth: differs(keys, authBytes) };
    const next: { -readonly [name in keyof KeptConfig]: KeptConfig[name] } = { ...kept };
    try {
      if (change.tls && cert && key) next.tls = { certFile: keep(cert), keyFile: keep(key) };
      if (change.auth && keys && auth) next.auth = withAuthFile(auth, keep(keys));
      if (next.auth !== undefined) checkAuth(next.auth, authFile, config);
      if (change.tls && next.tls) tryCertificate(next.tls, tls!);
    } catch (error) {
      remove(next, kept);
      throw error;
    }
    // Workers that start now may still read the ones before.
    remove(before, next);
    before = kept;
    kept = next;
    [tlsBytes, authBytes, certificate] = [nextTls, keys, judged];
    exposure =
      auth?.startsWith('jwt:') && keys ? exposureIn(keys.toString(), authFile!) : undefined;
    return change;
  };

  /** Files that change while they are read are read again. @throws AppError as they are then */
  const takeOverAtStart = (): void => {
    for (let nTries = 1; ; nTries++) {
      try {
        takeOver();
        return;
      } catch (error) {
        if (nTries === START_TRIES || stamps() === served) throw error;
        served = last = stamps();
      }
    }
  };

  takeOverAtStart();
  return {
    config: () => ({ ...config, ...kept }),
    refusal: () => refusal,
    doubts: (nowMs) =>
      [
        certificate?.doubt,
        tls && certificate && dateDoubt(tls, certificate, nowMs),
        exposure,
        ...rightsDoubts([tls?.keyFile, controlTokenFile], OTHERS_READ | OTHERS_WRITE),
        ...rightsDoubts([tls?.certFile, authFile], OTHERS_WRITE),
      ].filter((doubt) => doubt !== undefined),
    look: () => {
      const now = stamps();
      const isSettled = now === last && now !== served;
      last = now;
      if (!isSettled) return undefined;
      served = now;
      try {
        const change = takeOver();
        refusal = undefined;
        return change.tls || change.auth ? change : undefined;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        // Somebody is writing them now.
        if (stamps() !== now) return undefined;
        refusal = `files that have changed are not taken over: ${error.message}`;
        return undefined;
      }
    },
  };
};

/** What is to be done about a change. */
interface Consequences {
  readonly onAuth: (auth: string) => void;
  /** @returns whether every worker has it; asked again when not */
  readonly onTls: () => Promise<boolean>;
  readonly onRefusal: () => void;
}

/** Workers ask for the keys at an address when the first token comes; that they will not get them is said before. */
export const warnOfKeys = async ({ auth }: ServeConfig, log: Log): Promise<void> => {
  const address = auth === undefined ? undefined : keyAddressOf(auth);
  if (address === undefined) return;
  try {
    await fetchKeySet(address);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.warn(`no token can be checked: ${error.message}`);
  }
};

const LOOK_MS = 2000;

/** Looks every two seconds. @returns a function that stops it */
export const watchFiles = (
  kept: KeptFiles,
  log: Log,
  { onAuth, onTls, onRefusal }: Consequences,
): (() => void) => {
  let refusal: string | undefined;
  let isTlsDue = false;
  let isRolling = false;
  let doubts: readonly string[] = [];
  const sayDoubts = (): void => {
    const now = kept.doubts(Date.now());
    for (const doubt of now) if (!doubts.includes(doubt)) log.warn(doubt);
    doubts = now;
  };
  sayDoubts();
  const rollTls = async (): Promise<void> => {
    isRolling = true;
    isTlsDue = false;
    if (!(await onTls())) isTlsDue = true;
    isRolling = false;
  };
  const timer = setInterval(() => {
    const change = kept.look();
    sayDoubts();
    if (kept.refusal() !== refusal) {
      refusal = kept.refusal();
      if (refusal !== undefined) log.error(refusal);
      onRefusal();
    }
    const { auth } = kept.config();
    if (change?.auth && auth !== undefined) {
      log.info('the keys of callers have changed');
      onAuth(auth);
    }
    if (change?.tls) {
      log.info('the certificate has changed: fresh workers will use it');
      isTlsDue = true;
    }
    if (isTlsDue && !isRolling) void rollTls();
  }, LOOK_MS);
  return () => clearInterval(timer);
};

const filesOf = ({ tls, auth }: KeptConfig): readonly string[] =>
  [tls?.certFile, tls?.keyFile, auth === undefined ? undefined : authFileOf(auth)].filter(
    (path) => path !== undefined,
  );

const differs = (a: Buffer | undefined, b: Buffer | undefined): boolean =>
  a !== undefined && !(b && a.equals(b));

const stampOf = (path: string): string => {
  try {
    const { mtimeMs, ctimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch {
    return '';
  }
};

const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o002;

/** Of files that any user may read or change. In a volume of Kubernetes, which allows that, there is nobody else. */
const rightsDoubts = (
  paths: readonly (string | undefined)[],
  unwanted: number,
): readonly string[] =>
  paths.flatMap((path) => {
    if (path === undefined || existsSync(join(dirname(path), '..data'))) return [];
    const found = modeOf(path) & unwanted;
    const may = [found & OTHERS_READ ? 'read' : [], found & OTHERS_WRITE ? 'change' : []].flat();
    return found === 0
      ? []
      : [`every user of this machine may ${may.join(' and ')} ${path}: chmod o-rw takes that away`];
  });

/** 0 of what is not there at present. */
const modeOf = (path: string): number => {
  try {
    return statSync(path).mode;
  } catch {
    return 0;
  }
};

/** Reads them as a worker will; a sentence names the operator's file. @throws AppError usage, file-unreadable */
const checkAuth = (auth: string, named: string | undefined, config: ServeConfig): void => {
  try {
    buildAuthorise(auth, { take: () => 0 }, config);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const copy = authFileOf(auth);
    const message = copy && named ? error.message.replaceAll(copy, named) : error.message;
    const isNamed = named === undefined || message.includes(named);
    throw new AppError(error.code, isNamed ? message : `${named}: ${message}`, { cause: error });
  }
};
