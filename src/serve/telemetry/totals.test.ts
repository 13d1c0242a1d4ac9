import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { METHODS, ROUTES, SHED_REASONS } from '../labels.ts';
import { buildCounters, keyOf, methodAt, routeAt, splitKey } from './counters.ts';
import { COUNTER_CELLS, createCells, mapCells } from './shared-counters.ts';
import { retireInto, sumCounters } from './totals.ts';

const buildWorker = () => {
  const cells = new Float64Array(COUNTER_CELLS);
  return { cells, counters: buildCounters(cells, new Float64Array(1), () => new Float64Array(1)) };
};
const PREDICT = routeAt('/predict');
const POST = methodAt('POST');

describe('counters in shared memory', () => {
  test('are summed over workers, by route, method and status', () => {
    const [a, b] = [buildWorker(), buildWorker()];
    a.counters.requestDone(PREDICT, POST, 200, 300_000);
    b.counters.requestDone(PREDICT, POST, 422, 100_000);
    b.counters.requestDone(PREDICT, POST, 200, 20e9);
    const totals = sumCounters([a.cells, b.cells]);
    const series = [...totals.series.values()].map(({ request, cells }) => ({
      what: `${request?.method} ${request?.route} ${request?.status}`,
      seconds: cells[0],
      count: cells.slice(1).reduce((sum, n) => sum + n, 0),
    }));
    expect(series).toEqual([
      { what: 'POST /predict 200', seconds: 20.0003, count: 2 },
      { what: 'POST /predict 422', seconds: 0.0001, count: 1 },
    ]);
    expect(series.reduce((sum, { count }) => sum + count, 0)).toBe(3);
  });

  test('outlive a worker: what is retired and what still counts add up to the same sum', () => {
    const workers = Array.from({ length: 3 }, buildWorker);
    for (const [i, { counters }] of workers.entries()) {
      counters.requestDone(PREDICT, POST, 200 + i, 1000 * i);
      counters.requestDone(PREDICT, POST, 200, 1000);
      counters.predictionsDone(5, i);
      counters.shed('quota');
      counters.inferenceDone(2000);
    }
    const all = sumCounters(workers.map(({ cells }) => cells));
    const retired: Float64Array[] = [];
    retireInto(retired, workers[0]!.cells);
    retireInto(retired, workers[2]!.cells);
    const some = sumCounters([...retired, workers[1]!.cells]);
    expect([...some.outcomes]).toEqual([12, 3]);
    expect(some.shed[SHED_REASONS.indexOf('quota')]).toBe(3);
    const byKey = (totals: typeof all) => [...totals.series].sort(([x], [y]) => x - y);
    expect(byKey(some)).toEqual(byKey(all));
    expect(some.inference).toEqual(all.inference);
  });

  test('never go back when workers are gone that have met more kinds of requests than one has room for', () => {
    const workers = [200, 300, 400, 500].map((from) => {
      const worker = buildWorker();
      for (let status = from; status < from + 99; status++)
        for (const method of [POST, POST + 1])
          worker.counters.requestDone(PREDICT, method, status, 1000);
      return worker;
    });
    const all = sumCounters(workers.map(({ cells }) => cells));
    const retired: Float64Array[] = [];
    for (const { cells } of workers) retireInto(retired, cells);
    const byKey = (totals: typeof all) => [...totals.series].sort(([x], [y]) => x - y);
    expect(byKey(sumCounters(retired))).toEqual(byKey(all));
  });

  test('never lose an answer, however many kinds of answers there are', () => {
    const { cells, counters } = buildWorker();
    let n = 0;
    for (let route = 0; route < ROUTES.length; route++)
      for (const status of [200, 204, 400, 404, 405, 413, 415, 422, 503]) {
        counters.requestDone(route, POST, status, 1000);
        n++;
      }
    const counted = [...sumCounters([cells]).series.values()]
      .map(({ cells: histogram }) => histogram.slice(1).reduce((sum, count) => sum + count, 0))
      .reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(n);
  });

  test('a key holds route, method and status, and gives them back', () => {
    fc.assert(
      fc.property(
        fc.nat(ROUTES.length - 1),
        fc.nat(METHODS.length - 1),
        fc.integer({ min: 100, max: 599 }),
        (route, method, status) =>
          expect(splitKey(keyOf(route, method, status))).toEqual({ route, method, status }),
      ),
    );
  });

  test('lie in a file that another process maps too', () => {
    const dir = mkdtempSync(join(tmpdir(), 'puntual-counters-'));
    const path = join(dir, 'counters');
    createCells(path, COUNTER_CELLS);
    const [writer, reader] = [mapCells(path), mapCells(path)];
    buildCounters(writer, new Float64Array(1), () => writer).predictionsDone(7, 2);
    expect([...sumCounters([reader]).outcomes]).toEqual([5, 2]);
    rmSync(dir, { recursive: true });
  });
});
