import { expect, test } from 'bun:test';
import type { Step } from '../../stress/analysis/step.ts';
import type { Verdict } from '../../stress/analysis/verdict.ts';
import type { Window } from '../../stress/coordinator/window.ts';
import type { Recovery } from '../../stress/faults/recovery.ts';
import type { RunFile } from '../../stress/results/run-file.ts';
import type { LineChart } from '../charts.ts';
import { buildStressPage } from './stress-page.ts';
import { thinWindows, timeCharts } from './timeline.ts';

const quantiles = {
  p50Ms: 1,
  p90Ms: 2,
  p95Ms: 2.5,
  p99Ms: 3,
  p999Ms: 4,
  maxMs: 5,
  meanMs: 1.5,
  count: 5000,
};

const windowAt = (second: number): Window => ({
  second,
  seconds: 1,
  planned: 100,
  ok: 100,
  httpError: 0,
  socketError: 0,
  timeout: 0,
  unanswered: 0,
  sent: 100,
  reasons: {},
  dropped: 0,
  wrong: 0,
  reopened: 0,
  p50Ms: 1,
  p99Ms: 3 + (second % 2),
  maxMs: 5,
  serviceP50Ms: 1,
  serviceMeanMs: 1,
  heat: [20, 90, 30, 10],
  slotMs: 100,
  okSlots: [],
  badSlots: [],
  nOpen: 4,
  inFlight: 1,
  waiting: 0,
  busy: 0.1,
  starved: 0,
  service: 0.5,
  idle: null,
  rssBytes: 0,
});

const VERDICT: Verdict = {
  kind: 'valid',
  sentence: 'valid',
  busy: 0.1,
  starved: 0,
  service: 0.5,
  latenessP99Ms: 1,
};

const report = (nSeconds: number): RunFile => ({
  format: 'puntual-stress-run/1',
  madeBy: 'puntual',
  startedAt: '2026-01-02T03:04:05.000Z',
  machine: { cores: 2, descriptors: 1024 },
  mode: 'single',
  model: 'open',
  url: 'http://service:8080/predict',
  load: 'open loop: 100 requests per second',
  payload: 'POST /predict, <b>flights</b>',
  plan: '4 connections',
  notes: [],
  slo: ['p99<50ms'],
  scale: { bits: 11, maxBits: 30 },
  heatScale: { bits: 4, maxBits: 30 },
  connections: { planned: 4, opened: 4 },
  main: {
    name: 'run',
    outage: null,
    isCutShort: false,
    // The page does not read them.
    counters: {} as Step['counters'],
    judgements: [],
    verdict: VERDICT,
    inFlight: 1,
    ratePerSecond: 100,
    connections: 4,
    durationMs: nSeconds * 1000,
    warmUpMs: 0,
    summary: {
      planned: 5000,
      sent: 5000,
      answered: 5000,
      achievedPerSecond: 100,
      errors: 0,
      longestGapMs: 20,
      compared: 10,
      unsolicited: 0,
      users: null,
      wrongEstimate: null,
      outcomes: {
        ok: 5000,
        httpError: 0,
        wrong: 0,
        socketError: 0,
        timeout: 0,
        unanswered: 0,
        dropped: 0,
        inFlight: 0,
      },
      throughputPerSecond: 100,
      seconds: 50,
      errorShare: 0,
      wrong: 0,
      checked: 10,
      reopened: 0,
      responseTime: quantiles,
      serviceTime: quantiles,
      lag: quantiles,
      connectTime: quantiles,
      lateness: quantiles,
      statuses: { 200: 5000 },
      refused: 0,
      closedIdle: 0,
      bytesIn: 0,
      errorTime: { ...quantiles, count: 0 },
      reasons: {},
    },
    histograms: {
      response: [1000, 4000, 1800, 1000],
      service: [900, 5000],
      lag: [],
      late: [],
      errors: [],
      connect: [],
    },
    windows: Array.from({ length: nSeconds }, (_, second) => windowAt(second)),
    steadiness: {
      sentence: 'steady after 0.0 s',
      settledAfterS: 0,
      steady: true,
      slopePerS: 0,
      scatter: 0,
    },
    little: { sentence: "Little's law holds", nWindows: nSeconds, nFlagged: 0, ratio: 1 },
    p99RangeMs: [2, 4],
  },
  result: { kind: 'passed', sentence: 'PASSED: p99<50ms (3 ms)' },
  verdict: VERDICT,
  thresholds: [{ threshold: 'p99<50ms', actual: 3, holds: true }],
});

test('the same run gives the same page, byte for byte', () => {
  expect(buildStressPage(report(50))).toBe(buildStressPage(report(50)));
});

test('the page says verdict, load and every time, escapes what it was given, and fetches nothing', () => {
  const page = buildStressPage(report(50));
  for (const text of [
    'PASSED: p99',
    'Measurement: valid',
    'Open loop: 100 requests',
    'response time',
    'Heat map',
  ]) {
    expect(page).toContain(text);
  }
  expect(page).not.toContain('<b>flights');
  expect(page).not.toMatch(/(?:src|href)="https?:/);
});

test('a run of an hour is drawn in few columns, and keeps its worst seconds', () => {
  const thin = thinWindows(report(3600).main.windows);
  expect(thin.length).toBeLessThanOrEqual(240);
  expect(thin[0]).toMatchObject({ second: 0, ok: 100, p99Ms: 4 });
  expect(buildStressPage(report(3600)).length).toBeLessThan(1_500_000);
});

test('a second that the warm-up or the end cut short is drawn at its rate, and not drawn when little of it is left', () => {
  const run = report(6);
  const cut = { ...windowAt(5), planned: 60, ok: 60 };
  const main = { ...run.main, warmUpMs: 1700, durationMs: 5600 };
  const windows = [...run.main.windows.slice(0, 5), cut];
  const [rates] = timeCharts({ ...run, main: { ...main, windows } });
  const [ok] = (rates as LineChart).series;
  const none = Number.NaN;
  expect(Array.from(ok!.y, (y) => Math.round(y))).toEqual([none, none, 100, 100, 100, 100]);
});

test('a run that proves nothing is told above everything else', () => {
  const verdict = {
    ...report(5).verdict,
    kind: 'generator-bound' as const,
    sentence: 'generator-bound: a lower bound',
  };
  const page = buildStressPage({ ...report(5), verdict });
  expect(page.indexOf('class="warning"')).toBeLessThan(page.indexOf('<h1>'));
  expect(page.indexOf('class="warning"')).toBeGreaterThan(0);
});

test('what is good to know is a note below the verdict; red is for what failed', () => {
  const note = '64 requests were sent before the load, to see what the service answers.';
  const page = buildStressPage({ ...report(5), notes: [note], cutShort: 'interrupted' });
  expect(page).not.toContain('role="alert"');
  expect(page).toContain(
    `<div class="verdict list plain"><strong>Notes</strong><ul><li>${note}</li></ul></div>`,
  );
  expect(page.indexOf(note)).toBeGreaterThan(page.indexOf('class="verdict'));
  expect(page).toContain('<p class="verdict warning">! The run was cut short (interrupted).</p>');
  expect(buildStressPage(report(5))).not.toContain('<strong>Notes</strong>');
});

test('a fault that was not undone is told in red', () => {
  const fault: Recovery = {
    fault: 'pause-worker@2s+1s',
    what: 'a worker stops',
    atMs: 2000,
    endedMs: 3000,
    undone: false,
    steadyBefore: true,
    okPerSecondBefore: 100,
    requestsLost: 0,
    wrongAnswers: 0,
    longestGapMs: 20,
    firstSuccessMs: 1,
    recoveredMs: 1,
    peakP99Ms: 3,
    goodputLost: 0,
    socketsReopened: 0,
    replacedInMs: null,
    readyInMs: null,
    restarts: null,
    notes: [],
  };
  expect(buildStressPage({ ...report(5), faults: [fault] })).toContain(
    '<p class="warning" role="alert">The fault pause-worker@2s+1s was not undone: look at the service.</p>',
  );
});
