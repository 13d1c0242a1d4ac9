import { describe, expect, test } from 'bun:test';
import { createFraming, frame } from './framing.ts';
import { beginHead, createHead, readHead } from './request-head.ts';

const framingOf = (fields: string, version = 'HTTP/1.1') => {
  const head = createHead();
  beginHead(head, Buffer.from(`POST / ${version}\r\n${fields}\r\n`, 'latin1'), 0);
  expect(readHead(head)).toBe('whole');
  const framing = createFraming();
  return { fault: frame(head, framing), framing };
};

describe('the fields of a message', () => {
  test.each([
    ['no Host', '', 'host-broken'],
    ['two Hosts', 'Host: a\r\nHost: a\r\n', 'host-broken'],
    ['a Host that is none', 'Host: a b\r\n', 'host-broken'],
    [
      'two lengths, though the same',
      'Host: a\r\nContent-Length: 5\r\ncontent-length: 5\r\n',
      'length-broken',
    ],
    ['a list of lengths', 'Host: a\r\nContent-Length: 5,5\r\n', 'length-broken'],
    ['a signed length', 'Host: a\r\nContent-Length: +5\r\n', 'length-broken'],
    ['a length in hex', 'Host: a\r\nContent-Length: 0x5\r\n', 'length-broken'],
    [
      'a length past all numbers',
      'Host: a\r\nContent-Length: 9999999999999999\r\n',
      'length-broken',
    ],
    ['an empty length', 'Host: a\r\nContent-Length:\r\n', 'length-broken'],
    [
      'a length and chunks',
      'Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      'framing-doubled',
    ],
    [
      'chunks and a length',
      'Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n',
      'framing-doubled',
    ],
    [
      'chunks twice',
      'Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
      'framing-doubled',
    ],
    ['another coding', 'Host: a\r\nTransfer-Encoding: gzip, chunked\r\n', 'coding-other'],
    ['a coding that looks alike', 'Host: a\r\nTransfer-Encoding: xchunked\r\n', 'coding-other'],
    ['another expectation', 'Host: a\r\nExpect: more\r\n', 'expectation-other'],
  ])('%s are refused', (_, fields, fault) => {
    expect(framingOf(fields).fault).toBe(fault as never);
  });

  test('frame the body by its length, by chunks, or not at all', () => {
    expect(framingOf('Host: a\r\nContent-Length: 0042\r\n').framing.length).toBe(42);
    expect(framingOf('Host: a\r\nTRANSFER-ENCODING: CHUNKED\r\n').framing.length).toBe(-1);
    expect(framingOf('Host: a\r\n').framing.length).toBe(0);
  });

  test.each([
    ['HTTP/1.1', '', true],
    ['HTTP/1.1', 'Connection: upgrade, Close\r\n', false],
    ['HTTP/1.1', 'Connection: close\r\nConnection: keep-alive\r\n', false],
    ['HTTP/1.1', `Connection: ${',x, '.repeat(4000)}close\r\n`, false],
    ['HTTP/1.1', 'Connection: closed, not-close\r\n', true],
    ['HTTP/1.0', '', false],
    ['HTTP/1.0', 'Connection: Keep-Alive\r\n', true],
  ])('of %s with %.60j keep the connection: %p', (version, fields, isKept) => {
    expect(framingOf(`Host: a\r\n${fields}`, version).framing.keepsAlive).toBe(isKept);
  });

  test('of HTTP/1.0 need no Host, and may not come in chunks', () => {
    expect(framingOf('', 'HTTP/1.0').fault).toBeUndefined();
    expect(framingOf('Transfer-Encoding: chunked\r\n', 'HTTP/1.0').fault).toBe('framing-doubled');
  });
});
