/**
 * Requests that are broken on purpose: kinds of harm, each made anew from random numbers.
 */
import { FLIGHT } from './http-peers.ts';

const framed = (body: string, type = 'application/json', path = '/predict'): string =>
  `POST ${path} HTTP/1.1\r\nHost: t\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;

const BAD_VALUES = [
  'null',
  '[]',
  '{}',
  '""',
  '1e999',
  '-0',
  'true',
  '"\\ud800"',
  '"\\u0000"',
  '"2013-02-30T25:61"',
  `"${'A'.repeat(5000)}"`,
  '{"$ne":1}',
  '[["DL"]]',
  '99999999999999999999',
  '"../../etc/passwd"',
] as const;
const FIELDS = [
  'airline',
  'origin',
  'destination',
  'scheduledDeparture',
  'distanceMiles',
  '__proto__',
  'constructor',
  'toString',
] as const;

type HostileKinds = Readonly<Record<string, () => string>>;

/** Each kind of harm, and one request of it. @param random from 0 to 1 */
export const buildHostileKinds = (random: () => number): HostileKinds => {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const below = (n: number): number => Math.floor(random() * n);
  return {
    'random bytes': () =>
      Array.from({ length: 1 + below(300) }, () => String.fromCharCode(below(256))).join(''),
    'a damaged request': () => {
      const bytes = [...framed(FLIGHT)];
      for (let n = 1 + below(8); n > 0; n--)
        bytes[below(bytes.length)] = String.fromCharCode(below(256));
      return bytes.join('');
    },
    'a damaged body': () => {
      const bytes = [...FLIGHT];
      for (let n = 1 + below(5); n > 0; n--)
        bytes[below(bytes.length)] = String.fromCharCode(32 + below(95));
      return framed(bytes.join(''));
    },
    'values of the wrong kind': () =>
      framed(
        `{${Array.from({ length: 1 + below(8) }, () => `"${pick(FIELDS)}":${pick(BAD_VALUES)}`).join(',')}}`,
      ),
    'deep nesting': () => {
      const depth = 1 + below(50_000);
      return framed('['.repeat(depth) + (random() < 0.5 ? ']'.repeat(depth) : ''));
    },
    'two lengths': () =>
      `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nContent-Length: ${below(9)}\r\n\r\nhello`,
    'a length and chunks': () =>
      'POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5c\r\nGET / HTTP/1.1\r\n\r\n0\r\n\r\n',
    'a length that is none': () =>
      `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: ${pick(['-1', '+5', '0x10', '1e3', '18446744073709551616', ' ', '5,5'])}\r\n\r\nhello`,
    'chunks that lie': () =>
      `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${pick(['ffffffffffffffff', '-1', 'zz', '5;a=b'])}\r\nhello\r\n0\r\n\r\n`,
    'huge headers': () =>
      `GET / HTTP/1.1\r\nHost: t\r\nX-A: ${'a'.repeat(below(40_000))}\r\nConnection: close\r\n\r\n`,
    'odd paths': () =>
      `GET ${pick(['/../../etc/passwd', '/%00', '//', '/predict?%', `/${'a'.repeat(8000)}`, '*', 'http://x/predict', '/v2/models/%2e%2e/infer', '/predict?airline=%ff'])} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`,
    'odd methods': () =>
      `${pick(['BREW', 'get', 'CONNECT', 'TRACE', 'PRI', 'DELETE'])} /predict HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n`,
    'broken tensors': () =>
      framed(
        pick([
          '{"inputs":[]}',
          '{"inputs":[{"name":"airline","shape":[-1],"datatype":"BYTES","data":["a"]}]}',
          '{"inputs":[{"name":"airline","shape":[9999999999],"datatype":"BYTES","data":[]}]}',
          '{"inputs":1}',
        ]),
        'application/json',
        '/v2/models/bench/infer',
      ),
    'many flights that are none': () =>
      framed(
        `{"flights":[${Array.from({ length: below(2000) }, () => pick(BAD_VALUES)).join(',')}]}`,
      ),
  };
};
