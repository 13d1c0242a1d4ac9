import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlantedContext } from '../../../test/planted-service.ts';
import { buildCounters } from '../telemetry/counters.ts';
import { COUNTER_CELLS } from '../telemetry/shared-counters.ts';
import { warmUp } from './warm-up.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-warm-up-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));

/** A context whose predictor counts the rows that it is asked for. */
const counting = () => {
  const cells = new Float64Array(COUNTER_CELLS);
  const drift = new Float64Array(0);
  const context = buildPlantedContext({
    counters: buildCounters(cells, drift, () => drift),
    config: { auth: 'keys:/nowhere' },
  });
  let nRows = 0;
  const predictor: typeof context.predictor = {
    ...context.predictor,
    predictInto: (raw, n, out) => {
      nRows += n;
      context.predictor.predictInto(raw, n, out);
    },
  };
  return { context: { ...context, predictor }, cells, nRows: () => nRows };
};

test('a warm-up predicts thousands of times past the door, counts none of it, and leaves nothing behind', async () => {
  const { context, cells, nRows } = counting();
  const path = join(dir, 'socket');
  await warmUp(context, path, () => true);
  expect(nRows()).toBeGreaterThanOrEqual(1000);
  expect(cells.every((cell) => cell === 0)).toBe(true);
  expect(existsSync(path)).toBe(false);
});

test('a warm-up ends when the worker is needed', async () => {
  const { context, nRows } = counting();
  await warmUp(context, join(dir, 'needed'), () => nRows() < 100);
  expect(nRows()).toBeLessThan(200);
});
