/**
 * Who is handed a pickle and a list of its columns serves it with the two commands of the README:
 * a logistic regression over 37 one-hot columns without names, in 1 KB.
 */
import { afterAll, expect, test } from 'bun:test';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..');
const FIXTURES = join(ROOT, 'src/exchange/fixtures');
const folder = mkdtempSync(join(tmpdir(), 'puntual-handed-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [take, serve] = /npx puntual model import [\s\S]*?(?=```)/
  .exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))![0]
  .trim()
  .split('\n')
  .map((command) => command.replace('npx puntual ', '').split(' '));

interface Input {
  readonly name: string;
  readonly values: readonly (string | number)[];
}

interface Fixture {
  readonly rows: readonly (readonly number[])[];
  readonly probabilities: readonly number[];
}

const fixture = <T>(name: string): T => JSON.parse(readFileSync(join(FIXTURES, name), 'utf8')) as T;

test('a pickle of 37 unnamed columns answers over HTTP as scikit-learn does, within 1e-12', async () => {
  copyFileSync(join(FIXTURES, 'logistic-37.pkl'), join(folder, 'model.pkl'));
  copyFileSync(join(FIXTURES, 'logistic-37.inputs.json'), join(folder, 'inputs.json'));
  const inputs = fixture<readonly Input[]>('logistic-37.inputs.json');
  const { rows, probabilities } = fixture<Fixture>('logistic-37.pkl.json');
  // Of each input, the value whose column holds 1.
  const flights = rows.map((row) => {
    let at = 0;
    return Object.fromEntries(
      inputs.map(({ name, values }) => {
        const columns = row.slice(at, at + values.length);
        at += values.length;
        return [name, values[columns.indexOf(1)]];
      }),
    );
  });

  const puntual = (...words: string[]) => [
    process.execPath,
    join(ROOT, 'src/cli/main.ts'),
    ...words,
  ];
  const imported = Bun.spawnSync(puntual(...take!), { cwd: folder });
  expect({ code: imported.exitCode, said: `${imported.stderr}` }).toEqual({ code: 0, said: '' });

  const ports = ['--port', '0', '--admin-port', '0', '--json'];
  const service = Bun.spawn(puntual(...serve!, ...ports), {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const started = service.stdout.getReader();
    const { url } = JSON.parse(Buffer.from((await started.read()).value!).toString()) as {
      url: string;
    };
    const answer = await fetch(`${url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ flights }),
    });
    expect(answer.status).toBe(200);
    const { predictions, model } = (await answer.json()) as {
      predictions: readonly { probability: number }[];
      model: { name: string };
    };
    expect(model.name).toBe('handed');
    const worst = predictions.map(({ probability }, i) =>
      Math.abs(probability - probabilities[i]!),
    );
    expect(worst).toHaveLength(150);
    expect(Math.max(...worst)).toBeLessThanOrEqual(1e-12);
  } finally {
    service.kill('SIGTERM');
  }
  expect(await service.exited).toBe(0);
}, 180_000);
