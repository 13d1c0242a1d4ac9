import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { buildPlantedModel } from '../../../test/planted.ts';
import type { Head } from '../../core/model.ts';
import { buildAnswerBytes, buildAnswerWriter } from './answer.ts';

const planted = buildPlantedModel();
const [first] = planted.heads as [Head & { kind: 'probability' }];
const HEADS: readonly Head[] = [
  first,
  { ...first, minutes: 60 },
  { kind: 'quantile', level: 0.5, score: first.score },
  { kind: 'quantile', level: 0.999, score: first.score },
];

test('the answer as bytes is the answer as text', () => {
  const numbers = fc.array(fc.double(), { minLength: HEADS.length, maxLength: HEADS.length });
  const names = fc.constantFrom([], ['airline'], ['origin', 'Zielort "Süd"']);
  const used = fc.integer({ min: 1, max: HEADS.length });
  const more = fc.constantFrom('', ',"notices":[{"pointer":"/é","detail":"después"}]');
  fc.assert(
    fc.property(numbers, names, used, more, (values, unknown, nHeads, text) => {
      const model = { ...planted, heads: HEADS.slice(0, nHeads), threshold: 0.35 };
      const loaded = { model, sha256: '', version: 'v1', path: '' };
      const tail = ',"model":{"name":"é"}}';
      const out = Float64Array.from(values);
      const answered = { out, outAt: 0, unknown, said: new Uint8Array(Buffer.from(text)) };
      const bytes = buildAnswerBytes(loaded, tail);
      const into = Buffer.alloc(1000);
      const end = bytes.write(answered, into, 7);
      expect(into.toString('utf8', 7, end)).toBe(
        buildAnswerWriter(loaded).write(out, 0, unknown, text + tail),
      );
      expect(end - 7).toBeLessThanOrEqual(bytes.mostBytes(answered));
    }),
  );
});
