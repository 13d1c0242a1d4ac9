/** `profile` and `columns` as their users run them. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-profile-cli-'));
  const rows = Array.from(
    { length: 400 },
    (_, i) => `2023-0${1 + (i % 9)}-11,A${i % 3},${i},JFK,LAX,0${i % 10}:40,${i % 40}`,
  );
  writeFileSync(
    join(folder, 'home.csv'),
    `date,carrier,flight,from,to,sched_dep,delay_minutes\n${rows.join('\n')}\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const puntual = (words: readonly string[], input?: string) => {
  const run = Bun.spawnSync([process.execPath, join(import.meta.dir, 'main.ts'), ...words], {
    cwd: folder,
    ...(input === undefined ? {} : { stdin: Buffer.from(input) }),
  });
  return { code: run.exitCode, out: run.stdout.toString(), err: run.stderr.toString() };
};

/** Words of a command line as a shell reads it. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);

test('a home-made file goes from its first refusal to a page by one copied command', () => {
  const refused = puntual(['profile', 'home.csv', '-o', 'page.html']);
  expect(refused.code).toBe(2);
  expect(existsSync(join(folder, 'page.html'))).toBe(false);
  // Below npm, as in `npm test`, commands are shown with npx.
  const copied = /^ {2}(?:npx )?puntual (profile .*)$/m.exec(refused.err)![1]!;
  const done = puntual(wordsOf(copied));
  expect(done).toMatchObject({ code: 0 });
  expect(done.out).toContain('400 of 400 rows are flights');
  expect(readFileSync(join(folder, 'page.html')).length).toBeLessThan(2_000_000);
});

test('columns proposes, keeps the proposal, and the kept one reads', () => {
  const shown = puntual(['columns', 'home.csv', '-o', 'mine.json']);
  expect(shown.code).toBe(0);
  expect(shown.out).toContain('puntual train home.csv --dialect mine.json');
  const { out } = puntual(['profile', 'home.csv', '--dialect', 'mine.json', '--json']);
  expect(JSON.parse(out)).toMatchObject({ dialect: 'mine', rows: { used: 400 } });
});

test('what is expected and does not hold ends with 99, said; standard input is a file too', () => {
  const text = 'scheduledDeparture,delayMinutes\n2013-07-05T18:30,11\n';
  const held = puntual(['profile', '-', '--expect', 'rows>=1', '--json'], text);
  expect(held.code).toBe(0);
  expect(JSON.parse(held.out).expectations).toEqual([{ text: 'rows>=1', holds: true, found: 1 }]);
  const lost = puntual(['profile', '-', '--expect', 'rows>100,missing(delayMinutes)<5%'], text);
  expect(lost.code).toBe(99);
  expect(lost.err).toBe('puntual: not as expected: rows>100 (it is 1)\n');
});

test('columns of a folder are those of its first file of flights, not of a table of names', () => {
  mkdirSync(join(folder, 'mixed'));
  writeFileSync(join(folder, 'mixed', 'airlines.csv'), 'iata,name\nUA,United\n');
  writeFileSync(join(folder, 'mixed', 'home.csv'), readFileSync(join(folder, 'home.csv')));
  const shown = puntual(['columns', 'mixed']);
  expect(shown.code).toBe(0);
  expect(shown.err).toContain(
    'passed over, because they hold no flights: mixed/airlines.csv (airlines)',
  );
  expect(shown.err).toContain('the columns are those of mixed/home.csv');
  expect(shown.out).toContain('delay_minutes');
  // Who names the table is shown it.
  expect(puntual(['columns', 'mixed/airlines.csv']).out).toContain('United');
});
