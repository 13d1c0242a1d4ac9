import { afterAll, describe, expect, test } from 'bun:test';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONFIG } from '../config.ts';
import { keepFiles } from './kept-files.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-certificate-'));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string): string => join(dir, name);
const read = (name: string): Buffer => readFileSync(at(name));
const openssl = (...words: string[]): void => {
  const { exitCode, stderr } = Bun.spawnSync(['openssl', ...words], { cwd: dir });
  if (exitCode !== 0) throw new Error(`openssl ${words.join(' ')}: ${stderr}`);
};

const ISSUER = ['-CA', 'issuer.crt', '-CAkey', 'issuer.key', '-out'];
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
openssl(
  'req',
  '-x509',
  ...EC,
  '-keyout',
  'issuer.key',
  '-out',
  'issuer.crt',
  '-subj',
  '/CN=issuer',
);
openssl('req', ...EC, '-keyout', 'key', '-out', 'leaf.csr', '-subj', '/CN=leaf');
openssl('x509', '-req', '-in', 'leaf.csr', ...ISSUER, 'leaf.crt', '-days', '5');
openssl('x509', '-in', 'leaf.crt', '-outform', 'DER', '-out', 'leaf.der');
openssl('pkcs8', '-topk8', '-in', 'key', '-out', 'locked', '-passout', 'pass:word');
openssl('ec', '-aes128', '-in', 'key', '-out', 'locked-before', '-passout', 'pass:word');
chmodSync(at('key'), 0o600);
const [leaf, issuer, key] = [read('leaf.crt'), read('issuer.crt'), read('key')];

let nShared = 0;
const keep = (cert: Uint8Array, secret: Uint8Array = key, change: object = {}) => {
  writeFileSync(at('tls.crt'), cert);
  writeFileSync(at('tls.key'), secret);
  chmodSync(at('tls.crt'), 0o644);
  chmodSync(at('tls.key'), 0o600);
  const shared = at(`shared-${nShared++}`);
  mkdirSync(shared);
  const tls = { certFile: at('tls.crt'), keyFile: at('tls.key') };
  return keepFiles({ ...DEFAULT_CONFIG, tls, ...change }, shared);
};
const refusalOf = (work: () => unknown): string => {
  try {
    work();
    return 'it is taken';
  } catch (error) {
    return (error as Error).message.replaceAll(dir, '');
  }
};

describe('a certificate and its key', () => {
  test('are taken, also with the certificate of the issuer, with lines that end as on Windows, or both in one file', () => {
    const crlf = Buffer.from(leaf.toString().replaceAll('\n', '\r\n'));
    const whole = Buffer.concat([leaf, key]);
    for (const [cert, secret] of [[leaf], [Buffer.concat([leaf, issuer])], [crlf], [whole, whole]])
      expect(keep(cert!, secret).doubts(Date.now())).toEqual([]);
  });

  test.each<[string, () => unknown, string]>([
    ['nothing', () => keep(Buffer.alloc(0)), 'the first holds nothing'],
    ['nothing for the key', () => keep(leaf, Buffer.alloc(0)), 'the second holds nothing'],
    ['other text', () => keep(Buffer.from('hello')), 'the first holds something else'],
    ['DER', () => keep(read('leaf.der')), 'the first holds DER, where a certificate in PEM form'],
    ['both exchanged', () => keep(key, leaf), 'the first holds a private key'],
    ['two certificates', () => keep(leaf, leaf), 'the second holds a certificate'],
    ['a key with a passphrase', () => keep(leaf, read('locked')), 'the key is encrypted'],
    ['one of the older form', () => keep(leaf, read('locked-before')), 'the key is encrypted'],
    ['another key', () => keep(leaf, read('issuer.key')), 'the key is that of another certificate'],
    [
      'the issuer before the leaf',
      () => keep(Buffer.concat([issuer, leaf])),
      'the chain is in the wrong order: the certificate of the key stands at place 2',
    ],
    [
      'a part of a certificate',
      () => keep(leaf.subarray(0, 300)),
      'the first holds something else',
    ],
    [
      'a damaged certificate behind the first',
      () =>
        keep(
          Buffer.concat([
            leaf,
            Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'),
          ]),
        ),
      'certificate 2 of the first is damaged',
    ],
    [
      'a damaged key',
      () =>
        keep(leaf, Buffer.from('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n')),
      'the key is damaged',
    ],
  ])('are refused with %s, in our words', (_, work, says) => {
    const refusal = refusalOf(work);
    expect(refusal).toStartWith('/tls.crt and /tls.key are no certificate and key: ');
    expect(refusal).toContain(says);
    expect(refusal).not.toMatch(/OPENSSL|routines|error:/);
  });

  test('are used with a warning when they have ended or not begun, with the date', () => {
    const { doubts } = keep(leaf);
    const days = (n: number): number => Date.now() + n * 86_400_000;
    expect(doubts(days(6))[0]).toMatch(
      /tls\.crt ended on \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: callers/,
    );
    expect(doubts(days(-1))[0]).toMatch(/is valid only from \d{4}-/);
  });

  test('are used with a warning when what follows in the chain has not issued what stands before', () => {
    openssl('req', '-x509', ...EC, '-keyout', 'x.key', '-out', 'other.crt', '-subj', '/CN=other');
    expect(keep(Buffer.concat([leaf, read('other.crt')])).doubts(Date.now())).toEqual([
      expect.stringContaining('certificate 2 in'),
    ]);
  });

  test('are used with a warning when any user may read the key or change a file, but not in a volume of Kubernetes', () => {
    writeFileSync(at('keys'), `${'0'.repeat(64)} alice\n`);
    writeFileSync(at('token'), 'x'.repeat(20));
    const { doubts } = keep(leaf, key, {
      auth: `keys:${at('keys')}`,
      controlTokenFile: at('token'),
    });
    const said = (): string => doubts(Date.now()).join('\n').replaceAll(dir, '');
    for (const name of ['tls.crt', 'keys']) chmodSync(at(name), 0o644);
    for (const name of ['tls.key', 'token']) chmodSync(at(name), 0o640);
    expect(said()).toBe('');
    for (const name of ['tls.crt', 'keys']) chmodSync(at(name), 0o666);
    for (const name of ['tls.key', 'token']) chmodSync(at(name), 0o644);
    for (const name of ['/tls.key', '/token']) expect(said()).toContain(`may read ${name}:`);
    for (const name of ['/tls.crt', '/keys']) expect(said()).toContain(`may change ${name}:`);
    mkdirSync(at('..data'));
    expect(said()).toBe('');
    rmSync(at('..data'), { recursive: true });
  });
});

test('a pair of which one half has come is not used before the other is there, and the good one stays', () => {
  const kept = keep(leaf);
  const before = kept.config().tls!;
  const shown = (): string => readFileSync(kept.config().tls!.certFile, 'utf8');
  writeFileSync(at('tls.crt'), issuer);
  expect([kept.look(), kept.refusal()]).toEqual([undefined, undefined]);
  expect(kept.look()).toBeUndefined();
  expect(kept.refusal()).toContain('the key is that of another certificate');
  expect(kept.config().tls).toEqual(before);
  writeFileSync(at('tls.key'), read('issuer.key'));
  kept.look();
  expect(kept.look()).toEqual({ tls: true, auth: false });
  expect([kept.refusal(), shown()]).toEqual([undefined, issuer.toString()]);
});

test('a secret of Kubernetes, whose files change all at once behind one link, is taken over whole', () => {
  const volume = at('volume');
  const put = (version: string, cert: Uint8Array, secret: Uint8Array): void => {
    mkdirSync(join(volume, version), { recursive: true });
    writeFileSync(join(volume, version, 'tls.crt'), cert);
    writeFileSync(join(volume, version, 'tls.key'), secret);
    symlinkSync(version, join(volume, '..data_tmp'));
    renameSync(join(volume, '..data_tmp'), join(volume, '..data'));
  };
  put('..1', leaf, key);
  const files = { certFile: join(volume, 'tls.crt'), keyFile: join(volume, 'tls.key') };
  symlinkSync('..data/tls.crt', files.certFile);
  symlinkSync('..data/tls.key', files.keyFile);
  const kept = keep(leaf, key, { tls: files });
  put('..2', issuer, read('issuer.key'));
  rmSync(join(volume, '..1'), { recursive: true });
  expect([kept.look(), kept.look()]).toEqual([undefined, { tls: true, auth: false }]);
  expect([kept.refusal(), readFileSync(kept.config().tls!.certFile, 'utf8')]).toEqual([
    undefined,
    issuer.toString(),
  ]);
});

test('a key set with private keys beside public ones is used with a warning that names them', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const set = at('set.json');
  const write = (...keys: readonly object[]): void => writeFileSync(set, JSON.stringify({ keys }));
  const open = { ...publicKey.export({ format: 'jwk' }), kid: 'open' };
  write(open, { ...privateKey.export({ format: 'jwk' }), kid: 'secret' }, { kty: 'oct', k: 'AA' });
  const kept = keep(leaf, key, { auth: `jwt:i|a|${set}` });
  expect(kept.doubts(Date.now())).toEqual([
    expect.stringMatching(/holds private keys, .* \(key 2 \("secret"\), key 3\)/),
  ]);
  write(open);
  kept.look();
  expect(kept.look()).toEqual({ tls: false, auth: true });
  expect(kept.doubts(Date.now())).toEqual([]);
});
