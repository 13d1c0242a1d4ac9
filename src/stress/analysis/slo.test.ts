import { expect, test } from 'bun:test';
import { judge, type Measures, parseSlo } from './slo.ts';

const measures: Measures = {
  responseMs: (p) => p * 100,
  meanMs: 40,
  okShare: 0.998,
  statusShare: (status) => (status === '503' ? 0.002 : 0),
  gapMs: 900,
  ofName: (name) => (name === 'log in, then' ? { ...measures, responseMs: () => 7 } : undefined),
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
  ['p100<101ms', true],
  ['mean<=40ms', true],
  ['ok>99%', true],
  ['ok>99.9%', false],
  ['status{503}<0.1%', false],
  ['status{500}<0.1%', true],
  ['gap<1s', true],
  ['p99{log in, then}<8ms', true],
  ['p99{log in, then}<7ms', false],
  ['p99{nobody}<8ms', false],
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
  'p101<1ms',
  'p99{<1ms',
  'status<1%',
  'gap{x}<1s',
  'speed<1s',
])("'%s' is refused with what is expected", (text) => {
  expect(() => parseSlo(text)).toThrow(/expected|needs a|whole run/);
});
