/**
 * A certificate chain and its private key, in PEM form: judged before any worker opens a port with them.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import type { ServeConfig } from '../config.ts';

type Tls = NonNullable<ServeConfig['tls']>;

/** What may be served with, and what it will be asked about. */
export interface Certificate {
  /** When the first of the chain begins and ends to be valid, in milliseconds since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** What callers may stumble over. */
  readonly doubt: string | undefined;
}

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END [A-Z0-9 ]+-----/g;
const IS_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const IS_LOCKED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:.*ENCRYPTED/m;
/** The first byte of what DER calls a sequence, as certificates and keys are. */
const SEQUENCE = 0x30;

const notAPair = ({ certFile, keyFile }: Tls, why: string): AppError =>
  new AppError('file-unreadable', `${certFile} and ${keyFile} are no certificate and key: ${why}`);

/** @throws AppError file-unreadable */
export const judgeCertificate = (tls: Tls, certBytes: Buffer, keyBytes: Buffer): Certificate => {
  const chain = chainOf(tls, certBytes);
  const key = keyOf(tls, keyBytes);
  const at = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (at < 0) throw notAPair(tls, 'the key is that of another certificate');
  if (at > 0)
    throw notAPair(
      tls,
      `the chain is in the wrong order: the certificate of the key stands at place ${at + 1} and must be the first, then the one that issued it`,
    );
  const strange = chain.findIndex(
    (certificate, i) => i > 0 && !chain[i - 1]!.checkIssued(certificate),
  );
  return {
    fromMs: Date.parse(chain[0]!.validFrom),
    untilMs: Date.parse(chain[0]!.validTo),
    doubt:
      strange > 0
        ? `certificate ${strange + 1} in ${tls.certFile} has not issued the one before it: callers may not trust the chain`
        : undefined,
  };
};

/** Opens a port of its own with copies, as a worker will. @throws AppError file-unreadable */
export const tryCertificate = (copies: Tls, named: Tls): void => {
  try {
    Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      tls: { cert: Bun.file(copies.certFile), key: Bun.file(copies.keyFile) },
      socket: { data: () => {} },
    }).stop(true);
  } catch (error) {
    const { code = 'no reason given' } = error as { code?: string };
    throw notAPair(named, `no port can be opened with them (${code})`);
  }
};

/** Why a certificate will be refused at a time; undefined where it is valid. */
export const dateDoubt = (
  { certFile }: Tls,
  { fromMs, untilMs }: Certificate,
  nowMs: number,
): string | undefined => {
  if (nowMs >= untilMs)
    return `the certificate in ${certFile} ended on ${timeOf(untilMs)}: callers refuse it`;
  if (nowMs < fromMs)
    return `the certificate in ${certFile} is valid only from ${timeOf(fromMs)}: callers refuse it till then, or the clock of this machine is wrong`;
  return undefined;
};

const timeOf = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

const chainOf = (tls: Tls, bytes: Buffer): readonly [X509Certificate, ...X509Certificate[]] => {
  const text = bytes.toString('latin1');
  const chain = (text.match(BLOCK) ?? []).map((block, i) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw notAPair(tls, `certificate ${i + 1} of the first is damaged`);
    }
  });
  const [first, ...others] = chain;
  if (first) return [first, ...others];
  const found = IS_KEY.test(text) ? 'a private key' : kindOf(bytes);
  throw notAPair(tls, `the first holds ${found}, where a certificate in PEM form is expected`);
};

const keyOf = (tls: Tls, bytes: Buffer): KeyObject => {
  const text = bytes.toString('latin1');
  if (IS_LOCKED.test(text))
    throw notAPair(
      tls,
      `the key is encrypted, and nobody is asked for its passphrase: 'openssl pkey -in ${tls.keyFile} -out FILE' makes one that is not`,
    );
  if (!IS_KEY.test(text)) {
    const found = text.includes('-----BEGIN') ? 'a certificate' : kindOf(bytes);
    throw notAPair(tls, `the second holds ${found}, where a private key in PEM form is expected`);
  }
  try {
    return createPrivateKey(bytes);
  } catch {
    throw notAPair(tls, 'the key is damaged, or of a kind that is not supported');
  }
};

const kindOf = (bytes: Buffer): string => {
  if (bytes.length === 0) return 'nothing';
  return bytes[0] === SEQUENCE ? 'DER' : 'something else';
};
