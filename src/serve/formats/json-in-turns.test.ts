import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { AppError } from '../../core/errors.ts';
import { parseDistinct } from './duplicate-names.ts';
import { measure } from './nesting.ts';
import { parseInTurns } from './json-in-turns.ts';

/** What is made of a text in one go: as a text again, or why it is refused. */
const made = (text: string | Uint8Array): string => {
  try {
    return String(
      JSON.stringify(parseDistinct(Buffer.from(text), measure(Buffer.from(text)) as number)),
    );
  } catch (error) {
    return (error as Error).name;
  }
};

const inTurns = async (text: string | Uint8Array, pieceBytes: number): Promise<string> => {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  try {
    const value = await parseInTurns(bytes, {
      limits: { depth: 50 },
      pause: async () => {},
      excess: (limit) => new Error(limit),
      pieceBytes,
    });
    return String(JSON.stringify(value));
  } catch (error) {
    return (error as Error).name;
  }
};

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(
      'null',
      'true',
      '-0',
      '1e999',
      '1.5',
      '""',
      '"a,b"',
      '"\\"],"',
      '"\\\\"',
      '"ñ😀"',
      '" "',
    ),
    fc.array(tie('any'), { maxLength: 5 }).map((all) => `[${all.join(',')}]`),
    fc
      .array(
        fc.tuple(
          fc.constantFrom(
            '"a"',
            '"b"',
            '""',
            '"\\u0061"',
            '"__proto__"',
            '"7"',
            '"3"',
            '"constructor"',
            ' "b" ',
          ),
          tie('any'),
        ),
        { maxLength: 5 },
      )
      .map((all) => `{${all.map(([name, one]) => `${name} :${one as string}`).join(', ')}}`),
  ),
})).any as fc.Arbitrary<string>;
const pieceBytes = fc.integer({ min: 1, max: 12 });

describe('what is made of a text in pieces is what is made of it in one go', () => {
  test('sound texts', async () => {
    await fc.assert(
      fc.asyncProperty(value, pieceBytes, async (text, size) => {
        expect(await inTurns(text, size)).toBe(made(text));
      }),
      { numRuns: 1500 },
    );
  });

  test('texts with a letter too many, too few or another', async () => {
    const letter = fc.constantFrom('[', ']', '{', '}', ',', ':', '"', '\\', ' ', '1', '\ufeff');
    await fc.assert(
      fc.asyncProperty(
        ...([value, fc.nat(), letter, fc.nat({ max: 2 }), pieceBytes] as const),
        async (text, place, other, nCut, size) => {
          const at = place % (text.length + 1);
          const damaged = text.slice(0, at) + other + text.slice(at + nCut);
          const whole = made(damaged);
          const found = await inTurns(damaged, size);
          // A name may stand twice before the place where the text is damaged.
          expect(whole === 'SyntaxError' && found === 'AppError' ? whole : found).toBe(whole);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test.each([
    '[1,2,]',
    '[1,2, ]',
    '{"a":1,"b":2,}',
    '[1,2,',
    '[1,2',
    '1,2',
    '[1],2',
    '[1,2]]',
    '[[1,2},3]',
    '{"a":[1,2],"a":[3,4],"a":5}',
    '{"a":{"b":[1,2],"b":{"c":1,"d":2}},"a":{"e":1,"f":2}}',
    '{"x":[1,2],"__proto__":{"y":1,"z":[2,3]},"w":[4,5]}',
    '',
    '   ',
    '"a,b,c,d,e,f"',
  ])('%p', async (text) => {
    for (let size = 1; size < 9; size++) expect(await inTurns(text, size)).toBe(made(text));
  });

  test('bytes that are no text', async () => {
    const bytes = Buffer.from('["a\xff,b\xe2\x82","c",1]', 'latin1');
    expect(await inTurns(bytes, 4)).toBe(made(bytes));
  });
});

test('a piece is parsed in each turn, and what passes a limit is not', async () => {
  let nTurns = 0;
  const setting = {
    limits: { lists: 1000, objects: 10 },
    pause: async () => {
      nTurns++;
    },
    excess: (limit: string) => new Error(`too many ${limit}`),
    pieceBytes: 100,
  };
  const numbers = Array.from({ length: 1000 }, (_, i) => i);
  expect(await parseInTurns(Buffer.from(JSON.stringify(numbers)), setting)).toEqual(numbers);
  expect(nTurns).toBeWithin(36, 41);
  const lists = JSON.stringify(numbers.map(() => [[]]));
  expect(parseInTurns(Buffer.from(lists), setting)).rejects.toThrow('too many lists');
  const deep = Buffer.from('['.repeat(33));
  expect(parseInTurns(deep, setting)).rejects.toThrow('too many depth');
});

test('a name that is given twice is refused with the way to it, in whatever piece it stands', async () => {
  const texts = {
    '{"a":1,"b":2,"a":3}': '/a',
    '{"a":[1,2],"a":[3,4],"a":5}': '/a',
    '{"a":1,"\\u0061":2}': '/a',
    '[0,1,{"":1,"b":[{"c":0,"d":0},{"c":1,"d":1,"c":2}]}]': '/2/b/1/c',
    '{"x":[1,[2,{"a/b":{"c~":1,"d":2,"c~":3}}]],"y":1}': '/x/1/1/a~1b/c~0',
    '{"__proto__":{"a":1,"b":2},"c":3,"__proto__":4}': '/__proto__',
    '{"7":1,"3":[{"a":1},{"a":2},{"a":3,"b":4,"b":5}],"1":2}': '/3/2/b',
  };
  for (const [text, pointer] of Object.entries(texts))
    for (let pieceBytes = 1; pieceBytes < 30; pieceBytes++) {
      const parsed = parseInTurns(Buffer.from(text), {
        limits: {},
        pause: async () => {},
        excess: (limit) => new Error(limit),
        pieceBytes,
      });
      const refused = await parsed.catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(AppError);
      expect(refused).toMatchObject({ code: 'value-invalid', faults: [{ pointer }] });
    }
});
