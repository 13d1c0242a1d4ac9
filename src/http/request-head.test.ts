import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { fieldOf, textAt } from './fields.ts';
import type { ParseFault } from './parse-errors.ts';
import { beginHead, createHead, type RequestHead, readHead } from './request-head.ts';

const START = 'POST /predict HTTP/1.1\r\n';
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Reads a text that comes in pieces; each time all that has come lies in a buffer of its own. */
const readIn = (
  text: string,
  cuts: readonly number[] = [],
): { head: RequestHead; outcome: string } => {
  const head = createHead();
  const all = bytesOf(`before${text}`);
  beginHead(head, all.subarray(0, 6 + (cuts[0] ?? text.length)), 6);
  let outcome = readHead(head);
  for (const cut of [...cuts.slice(1), text.length]) {
    if (outcome !== 'more') break;
    head.bytes = bytesOf(text.slice(head.hasEmptyLine ? 2 : 0, cut));
    head.start = 0;
    head.end = head.bytes.length;
    outcome = readHead(head);
  }
  return { head, outcome: outcome === 'refused' ? head.fault : outcome };
};

describe('a head', () => {
  test('is read in place: method, target, version and fields', () => {
    const { head, outcome } = readIn(
      `${START}Host: t:80\r\nX-Two:\t a b \t\r\nx-two: c\r\nEmpty:\r\n\r\n{}`,
    );
    expect(outcome).toBe('whole');
    expect(textAt(head, 0, head.methodEnd)).toBe('POST');
    expect(textAt(head, head.methodEnd + 1, head.targetEnd)).toBe('/predict');
    expect(head.minor).toBe(1);
    expect(fieldOf(head, 'host')).toBe('t:80');
    expect(fieldOf(head, 'x-two')).toBe('a b, c');
    expect(fieldOf(head, 'empty')).toBe('');
    expect(fieldOf(head, 'absent')).toBeNull();
  });

  test('may have one empty line before it, wherever it is cut', () => {
    const text = `\r\n${START}Host: t\r\n\r\n`;
    for (let cut = 0; cut < text.length; cut++) {
      const { head, outcome } = readIn(text, [cut]);
      expect(outcome).toBe('whole');
      expect(textAt(head, 0, head.methodEnd)).toBe('POST');
      expect(fieldOf(head, 'host')).toBe('t');
    }
  });

  const refused: readonly [what: string, text: string, fault: ParseFault][] = [
    ['two empty lines before it', `\r\n\r\n${START}`, 'method-broken'],
    ['an empty line of LF before it', `\n${START}`, 'method-broken'],
    ['a CR alone before it', `\r${START}`, 'method-broken'],
    ['a space before it', ` ${START}`, 'method-broken'],
    ['two spaces behind its method', 'GET  / HTTP/1.1\r\n', 'target-broken'],
    ['a tab behind its method', 'GET\t/ HTTP/1.1\r\n', 'method-broken'],
    ['a fragment in its target', 'GET /a#b HTTP/1.1\r\n', 'target-broken'],
    ['a letter of another alphabet in its target', 'GET /\u00e9 HTTP/1.1\r\n', 'target-broken'],
    ['no version', 'GET /\r\n', 'target-broken'],
    ['a version in small letters', 'GET / http/1.1\r\n', 'version-broken'],
    ['a version with more behind it', 'GET / HTTP/1.1 \r\n', 'version-broken'],
    ['version 2.0', 'GET / HTTP/2.0\r\n', 'version-other'],
    ['version 1.2', 'GET / HTTP/1.2\r\n', 'version-other'],
    ['a line that ends with LF alone', `${START}A: b\nC: d\r\n`, 'line-broken'],
    ['a CR in a value', `${START}A: b\rc\r\n`, 'line-broken'],
    ['a NUL in a value', `${START}A: b\0\r\n`, 'value-broken'],
    ['a DEL in a value', `${START}A: b\x7f\r\n`, 'value-broken'],
    ['a folded field', `${START}A: b\r\n c\r\n`, 'name-broken'],
    ['a space before the colon', `${START}A : b\r\n`, 'name-broken'],
    ['a field without a name', `${START}: b\r\n`, 'name-broken'],
    ['a field without a colon', `${START}abc\r\n`, 'name-broken'],
    ['more than 100 fields', `${START}${'A: b\r\n'.repeat(101)}\r\n`, 'head-large'],
    ['more than 16 KiB', `${START}A: ${'b'.repeat(17_000)}\r\n\r\n`, 'head-large'],
    ['a target of more than 8 KiB', `GET /${'a'.repeat(8192)} HTTP/1.1\r\n`, 'target-long'],
  ];
  test.each(refused)('with %s is refused', (_, text, fault) => {
    expect(readIn(text).outcome).toBe(fault);
  });

  test('of exactly 16 KiB and a target of exactly 8 KiB is taken', () => {
    const start = `GET /${'a'.repeat(8191)} HTTP/1.1\r\nA: `;
    expect(readIn(`${start}${'b'.repeat(16_384 - start.length - 4)}\r\n\r\n`).outcome).toBe(
      'whole',
    );
  });

  test('comes to the same however it is cut on its way', () => {
    const part = fc.constantFrom(
      'GET',
      'POST',
      ' ',
      '/',
      '/predict?a=b',
      'HTTP/1.1',
      'HTTP/1.0',
      'HTTP/2.0',
      '\r\n',
      '\r\n\r\n',
      '\n',
      '\r',
      'Host',
      ':',
      ': ',
      't',
      'Content-Length: 5',
      '\t',
      '\0',
      '\u00e9',
      'a'.repeat(9000),
    );
    const broken = fc.array(part, { maxLength: 20 }).map((parts) => parts.join(''));
    const sound = fc
      .array(fc.tuple(fc.stringMatching(/^[\w-]+$/), fc.stringMatching(/^[ -~]*$/)))
      .map(
        (fields) =>
          `${START}${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
      );
    fc.assert(
      fc.property(fc.oneof(broken, sound), fc.array(fc.nat(), { maxLength: 8 }), (text, places) => {
        const cuts = places.map((place) => place % (text.length + 1)).sort((a, b) => a - b);
        const whole = readIn(text);
        const cut = readIn(text, cuts);
        expect(cut.outcome).toBe(whole.outcome);
        if (whole.outcome !== 'whole') return;
        expect(cut.head.at).toBe(whole.head.at);
        expect(cut.head.fields).toEqual(whole.head.fields);
      }),
      { numRuns: 2000 },
    );
  });
});
