import { expect, test } from 'bun:test';
import { judge, type Measures, parseSlo } from './slo.ts';

const measures: Measures = {
  responseMs: (p) => p * 100,
  errorShare: 0.002,
  wrongShare: 0,
  ratePerSecond: 990,
  recoveryMs: Number.POSITIVE_INFINITY,
};

test.each([
  ['p99<100ms', true],
  ['p50 < 50ms', false],
  ['p50<=50ms', true],
  ['p99.9<0.09s', false],
  ['max<101ms', true],
  ['errors<0.1%', false],
  ['errors<=0.2%', true],
  ['wrong<0.001%', true],
  ['rate>=1000', false],
  ['rate>=900/s', true],
  ['recovery<3s', false],
])('%s is judged %s', (text, holds) => {
  expect(judge(parseSlo(text), measures)[0]!.holds).toBe(holds);
});

test('what a run does not know never holds, and never is a number', () => {
  const [judged] = judge(parseSlo('recovery<3s'), measures);
  expect(judged).toEqual({ threshold: 'recovery<3s', actual: null, holds: false });
});

test.each([
  '',
  'p99',
  'p99<50',
  'errors<0.1',
  'rate>=10ms',
  'p99<50%',
  'p100<1ms',
  'speed<1s',
])("'%s' is refused with what is expected", (text) => {
  expect(() => parseSlo(text)).toThrow(/expected|needs a unit/);
});
