/**
 * Objectives and all that is made of them agree with each other and with the metrics that the service has.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REQUEST_BOUNDS } from '../src/serve/telemetry/shared-counters.ts';
import { readObjectives } from '../src/slo/objective.ts';
import { rulesOf } from '../src/slo/rules.ts';
import { thresholdsOf } from '../src/slo/thresholds.ts';
import { startService } from './service/running.ts';

const ROOT = join(import.meta.dir, '..');
const FILES = join(ROOT, 'deploy/helm/puntual/files');
const objectives = readObjectives(join(ROOT, 'deploy/slo.yaml'));
const rules = rulesOf(objectives, 'docs/runbooks').flatMap((group) => group.rules);

const textOfFamilies = readFileSync(join(ROOT, 'src/serve/telemetry/metric-families.ts'), 'utf8');

const run = (...words: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [process.execPath, join(ROOT, 'src/cli/main.ts'), ...words],
    { cwd: ROOT },
  );
  return { exitCode, out: stdout.toString(), error: stderr.toString() };
};

/** Names of metrics in PromQL: what stands before `{`, `[` or the end of a function's argument, and is no function. */
const metricsIn = (promql: string): readonly string[] =>
  (promql.match(/\b(?:http_server|puntual|slo:)[\w:]*/g) ?? []).filter(
    (name) => !/^puntual(-|$)/.test(name),
  );

describe('what is rendered of deploy/slo.yaml', () => {
  test('is what lies in the chart', () => {
    expect(run('slo', 'render').out).toBe(readFileSync(join(FILES, 'rules.yaml'), 'utf8'));
    expect(run('slo', 'render', '--to', 'grafana').out).toBe(
      readFileSync(join(FILES, 'dashboard.json'), 'utf8'),
    );
  });

  test('asks only for metrics that the service exports, or that the rules record', async () => {
    const service = await startService(['--workers', '1']);
    await service.predict();
    const exported = new Set(
      (await (await service.admin('/metrics')).text()).match(/^\w+(?=[{ ])/gm),
    );
    // Drift has no sample before hundreds of flights were seen, and none of a model that keeps no shares.
    const families = textOfFamilies.match(/(?<=name: ')puntual_input_drift_psi(?=')/g) ?? [];
    for (const name of families) exported.add(name);
    await service.stop();
    const recorded = new Set(rules.flatMap(({ record }) => (record ? [record] : [])));
    const { panels } = JSON.parse(readFileSync(join(FILES, 'dashboard.json'), 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const asked = [
      ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ...rules.map(({ expr }) => expr),
    ].flatMap(metricsIn);
    expect(asked.length).toBeGreaterThan(50);
    expect(
      [...new Set(asked)].filter((name) => !exported.has(name) && !recorded.has(name)),
    ).toEqual([]);
  }, 180_000);

  test('alerts by the windows and burn rates of the workbook, each with its runbook', () => {
    const alerts = rules.filter(({ alert }) => alert !== undefined);
    const burns = alerts.filter(({ alert }) => alert === 'PuntualAvailabilityBurns');
    const pairsOf = (expr: string): unknown =>
      [...expr.matchAll(/ratio_rate(\w+)\{[^}]*\} > \(([\d.]+) \* ([\d.]+)\)/g)].map(
        ([, window, factor, budget]) => [window, Number(factor), Number(budget)],
      );
    expect(burns.map(({ expr, labels }) => [labels!['severity'], pairsOf(expr)])).toEqual([
      [
        'page',
        [
          ['5m', 14.4, 0.001],
          ['1h', 14.4, 0.001],
          ['30m', 6, 0.001],
          ['6h', 6, 0.001],
        ],
      ],
      [
        'ticket',
        [
          ['2h', 3, 0.001],
          ['1d', 3, 0.001],
          ['6h', 1, 0.001],
          ['3d', 1, 0.001],
        ],
      ],
    ]);
    for (const { annotations } of alerts)
      expect(existsSync(join(ROOT, annotations!['runbook_url']!))).toBe(true);
  });

  test('is what sloth makes of the same objectives, but for times without requests', () => {
    interface Made {
      readonly record?: string;
      readonly alert?: string;
      readonly expr: string;
      readonly labels?: Readonly<Record<string, string>>;
    }
    const { groups } = Bun.YAML.parse(
      readFileSync(join(import.meta.dir, 'fixtures/sloth/rules.yaml'), 'utf8'),
    ) as { groups: { rules: Made[] }[] };
    const keyOf = ({ record, alert, labels }: Made): string =>
      [
        record ?? alert,
        labels?.['sloth_slo'],
        labels?.['sloth_window'],
        labels?.['severity'],
      ].join();
    // It writes a budget of 0.001 as 0.0009999999999999432.
    const plain = (expr: string): string =>
      expr
        .replaceAll(/\s/g, '')
        .replaceAll(/0\.\d{12,}/g, (number) => `${Number(Number(number).toPrecision(9))}`);
    // Shares of bad events differ on purpose, and it has a metric about itself.
    const theirs = groups
      .flatMap((group) => group.rules)
      .filter(({ record }) => !/sloth_slo_info|ratio_rate(?!30d)/.test(record ?? ''));
    const ours = new Map(rules.map((rule) => [keyOf(rule), rule]));
    expect(theirs).toHaveLength(36);
    for (const rule of theirs) {
      const own = ours.get(keyOf(rule))!;
      expect(plain(own.expr)).toBe(plain(rule.expr));
      expect(own.labels).toMatchObject(rule.labels ?? {});
    }
  });

  test('is judged at an edge of the histogram, where a share is known and not guessed', () => {
    const edges = objectives.flatMap(({ quickMs }) => (quickMs === undefined ? [] : [quickMs]));
    expect(edges).toEqual([50]);
    for (const edge of edges) expect([...REQUEST_BOUNDS].map((s) => s * 1000)).toContain(edge);
  });

  test('holds for a stress run: --slo @FILE', async () => {
    expect(thresholdsOf(objectives)).toBe('errors<0.1%,p99<50ms');
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response('no', { status: 503 }),
    });
    const child = Bun.spawn(
      [
        ...[process.execPath, join(ROOT, 'src/cli/main.ts'), 'stress', `${server.url}`],
        ...['--rate', '50', '-d', '1s', '--slo', `@${join(ROOT, 'deploy/slo.yaml')}`],
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const out = await new Response(child.stdout).text();
    expect(out).toMatch(/FAILED {2}errors<0\.1%/);
    expect(await child.exited).toBe(99);
    await server.stop(true);
  }, 180_000);
});

describe('a file of objectives that cannot be used', () => {
  const folder = mkdtempSync(join(tmpdir(), 'puntual-slo-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const whole = readFileSync(join(ROOT, 'deploy/slo.yaml'), 'utf8');

  test.each([
    ['not YAML', () => 'a: [', 'is not YAML'],
    ['no SLO', () => 'kind: Service', 'holds no document of kind SLO'],
    [
      'a target in per cent',
      () => whole.replace('target: 0.999', 'target: 99.9'),
      'a share between 0 and 1',
    ],
    [
      'another window',
      () => whole.replace('duration: 30d', 'duration: 1M'),
      'a rolling window of days',
    ],
    [
      'a query without its window',
      () => whole.replaceAll('[{{.window}}]', '[5m]'),
      '[{{.window}}]',
    ],
    ['no service', () => whole.replace('  service: puntual\n', ''), 'service is missing'],
  ])('is refused in one sentence: %s', (_, text, says) => {
    const file = join(folder, 'slo.yaml');
    writeFileSync(file, text());
    const { exitCode, out, error } = run('slo', 'render', file);
    expect(error).toContain(says);
    expect(error.trimEnd().split('\n')).toHaveLength(1);
    expect(out).toBe('');
    expect(exitCode).toBe(2);
  });
});
