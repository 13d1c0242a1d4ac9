/** Fields that a request gives twice, or that contradict each other: every port refuses them, on the wire. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { talk } from '../http-talk.ts';
import { PLANTED_FLIGHT } from '../planted.ts';
import { type Running, startService } from './running.ts';

let service: Running;
beforeAll(async () => {
  service = await startService(['--workers', '1']);
});
afterAll(() => service.stop());

const BODIES = { '/predict': JSON.stringify(PLANTED_FLIGHT), '/reload': '{"model":"planted"}' };

/** The status of an answer, and what it says of the fault. */
const askedWith = async (
  path: keyof typeof BODIES,
  fields: readonly string[],
  version = 'HTTP/1.1',
): Promise<string> => {
  const body = BODIES[path];
  const own = /^(?:content-length|transfer-encoding)/i;
  const length = fields.some((field) => own.test(field)) ? [] : [`Content-Length: ${body.length}`];
  const host = fields.some((field) => field.startsWith('Host')) ? [] : ['Host: localhost'];
  const head = [...host, ...length, ...fields, 'Connection: close'].join('\r\n');
  const address = path === '/predict' ? service.url : service.adminUrl;
  const { closed, heard } = talk(
    { port: Number(new URL(address).port) },
    `POST ${path} ${version}\r\n${head}\r\n\r\n${body}`,
  );
  await closed;
  const [, status, rest] = /^HTTP\/1\.1 (\d+)([\s\S]*)$/.exec(heard())!;
  return [status, /"code":"([^"]*)"/.exec(rest!)?.[1]].filter(Boolean).join(' ');
};

const JSON_TYPE = 'Content-Type: application/json';

test('a request that gives every field once is answered on both ports', async () => {
  expect(await askedWith('/predict', [JSON_TYPE])).toBe('200');
  expect(await askedWith('/reload', [JSON_TYPE])).toBe('200');
});

const length = (path: keyof typeof BODIES): string => `Content-Length: ${BODIES[path].length}`;

test.each([
  ['Content-Type twice', [JSON_TYPE, JSON_TYPE], '415 type-unsupported'],
  [
    'another Content-Type',
    [`${JSON_TYPE}; a=b`, 'content-type: text/plain'],
    '415 type-unsupported',
  ],
  ['Content-Type, once empty', ['Content-Type:', JSON_TYPE], '415 type-unsupported'],
  [
    'Content-Encoding twice',
    [JSON_TYPE, 'Content-Encoding: gzip', 'Content-Encoding: identity'],
    '415 coding-unsupported',
  ],
  [
    'Content-Encoding twice, though the same',
    [JSON_TYPE, 'Content-Encoding: identity', 'Content-Encoding: identity'],
    '415 coding-unsupported',
  ],
  ['Host twice', [JSON_TYPE, 'Host: localhost', 'Host: localhost'], '400 request-malformed'],
  ['Content-Length twice', [JSON_TYPE, 'LENGTH', 'LENGTH'], '400 request-malformed'],
  [
    'a length and chunks',
    [JSON_TYPE, 'LENGTH', 'Transfer-Encoding: chunked'],
    '400 request-malformed',
  ],
])('%s is refused on both ports', async (_, fields, answer) => {
  for (const path of ['/predict', '/reload'] as const) {
    const given = fields.map((field) => (field === 'LENGTH' ? length(path) : field));
    expect([path, await askedWith(path, given)]).toEqual([path, answer]);
  }
});

test('chunks in HTTP/1.0 are refused on both ports', async () => {
  for (const path of ['/predict', '/reload'] as const)
    expect(await askedWith(path, [JSON_TYPE, 'Transfer-Encoding: chunked'], 'HTTP/1.0')).toBe(
      '400 request-malformed',
    );
});
