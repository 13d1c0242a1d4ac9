/**
 * Walks `docs/tutorial.md` from a file of one's own to a stressed service: every command as it is printed, but for the way
 * to the program and the port. The file has columns that nobody else's has, so that the mapping is the one that the
 * program proposes.
 */
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildRandom } from '../src/core/random.ts';

const ROOT = join(import.meta.dir, '..');
const folder = mkdtempSync(join(tmpdir(), 'puntual-tutorial-'));
let service: Bun.Subprocess<'ignore', 'ignore', 'pipe'> | undefined;
afterAll(async () => {
  service?.kill('SIGTERM');
  await service?.exited;
  rmSync(folder, { recursive: true });
});

/** What the tutorial prints, in its order. */
const [profile, train, serve, predict, stress, findMax, kill] = [
  ...readFileSync(join(ROOT, 'docs/tutorial.md'), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g),
].flatMap(([, block]) => block!.trim().split('\n')) as [string, ...string[]];

const asWalked = (command: string, url = ''): string =>
  command.replace('npx puntual', join(ROOT, 'bin/puntual')).replace('http://localhost:8080', url);

/** Runs a command to its end. @param env settings that the tutorial leaves as they are */
const run = (command: string, env: Readonly<Record<string, string>> = {}) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(['bash', '-c', command], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdin: 'ignore',
  });
  return { exitCode, stdout: `${stdout}`, stderr: `${stderr}` };
};

/** A season of departures from Santiago, in the words of those who keep it; late by destination and day of the week. */
const writeDepartures = (path: string): number => {
  const random = buildRandom(11);
  const lines = ['Fecha;Hora;Aerolinea;Origen;Destino;Atraso'];
  const pad = (n: number): string => String(n).padStart(2, '0');
  for (let day = 0; day < 160; day++)
    for (let flight = 0; flight < 24; flight++) {
      const date = new Date(Date.UTC(2025, 2, 1 + day));
      const destination = Math.floor(random() * 4);
      const isLate = random() < ((destination + date.getUTCDay()) % 2 === 0 ? 0.75 : 0.1);
      lines.push(
        [
          `${pad(date.getUTCDate())}-${pad(date.getUTCMonth() + 1)}-2025`,
          `${pad(6 + Math.floor(random() * 17))}:${pad(Math.floor(random() * 60))}`,
          ['LATAM', 'SKY', 'JetSMART'][Math.floor(random() * 3)],
          'SCL',
          ['ANF', 'CCP', 'PMC', 'LIM'][destination],
          Math.floor(isLate ? 20 + random() * 60 : random() * 20 - 10),
        ].join(';'),
      );
    }
  writeFileSync(path, `${lines.join('\n')}\n`);
  return lines.length - 1;
};

/** What a run that said this must exit with: how fast this machine is today decides which of the three it is. */
const exitCodeOf = (said: string): number => {
  if (/^verdict\s+FAILED/m.test(said)) return 99;
  return /^measurement\s+valid/m.test(said) ? 0 : 3;
};

test('the tutorial leads from a CSV of one’s own to a stressed service, command by command', async () => {
  const nFlights = writeDepartures(join(folder, 'mine.csv'));

  // 1. It is refused with a proposal, which reads it.
  const refused = run(asWalked(profile));
  expect(refused.exitCode).toBe(2);
  const proposed = refused.stderr.trimEnd().split('\n').at(-1)!;
  const map = / --map '[^']+'/.exec(proposed)![0];
  expect(proposed.trim().replace(/^(?:npx )?puntual/, 'npx puntual')).toBe(`${profile}${map}`);
  const profiled = run(asWalked(`${profile}${map}`));
  expect({ exitCode: profiled.exitCode, stderr: profiled.stderr }).toMatchObject({ exitCode: 0 });
  expect(profiled.stdout).toContain(`${nFlights.toLocaleString('en')} of `);
  expect(readFileSync(join(folder, 'profile.html'), 'utf8')).toContain('Aerolinea');

  // 2. The model beats both baselines, so it is current.
  const trained = run(asWalked(`${train}${map}`));
  const said = trained.stdout + trained.stderr;
  expect({ exitCode: trained.exitCode, said }).toMatchObject({ exitCode: 0 });
  const [, report] = /^report: (\S+)$/m.exec(said)!;
  expect(readFileSync(join(folder, report!), 'utf8')).toContain('climatology');

  // 3. It answers.
  service = Bun.spawn(['bash', '-c', `exec ${asWalked(serve!)}`], {
    cwd: folder,
    env: { ...process.env, PUNTUAL_PORT: '0', PUNTUAL_ADMIN_PORT: '0', PUNTUAL_WORKERS: '2' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  for await (const part of service.stderr) {
    log += Buffer.from(part).toString();
    if (log.includes('the service is ready')) break;
  }
  const [, url, admin] = /"url":"(.+?)","adminUrl":"(.+?)"/.exec(log)!;
  const { example } = (await (await fetch(`${url}/model`)).json()) as { example: object };
  const answer = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(example),
  });
  expect(answer.status).toBe(200);
  expect(example).toMatchObject({ origin: 'SCL' });

  // 4. Each flight has its chance.
  const scored = run(asWalked(`${predict}${map}`));
  expect({ exitCode: scored.exitCode, stderr: scored.stderr }).toMatchObject({ exitCode: 0 });
  const [header, ...rows] = readFileSync(join(folder, 'scored.csv'), 'utf8').trimEnd().split('\n');
  expect(header).toContain('probability');
  expect(rows).toHaveLength(nFlights);

  // 5. A report that says what the exit code says; a capacity, in less time than three minutes.
  const settings = { PUNTUAL_ADMIN: admin!, PUNTUAL_MAX_TIME: '5s' };
  const kept = run(asWalked(stress!, url), settings);
  expect(kept.stdout).toMatch(/2,500 planned = [\d,]+ ok/);
  expect(kept.exitCode).toBe(exitCodeOf(kept.stdout));
  expect(readFileSync(join(folder, 'stress.html'), 'utf8')).toContain('2,500');
  const searched = run(asWalked(findMax!, url), settings);
  expect([0, 3, 99]).toContain(searched.exitCode);
  expect(searched.stdout).toMatch(/sustain/);

  // 6. What was killed was replaced.
  const killed = run(asWalked(kill!, url), settings);
  expect(killed.stdout).toContain('replaced in');
  const workers = (await (await fetch(`${admin}/workers`)).json()) as {
    workers: readonly { restarts: number }[];
  };
  expect(workers.workers.reduce((sum, { restarts }) => sum + restarts, 0)).toBeGreaterThan(0);
}, 180_000);
