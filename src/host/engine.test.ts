import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PATIENT_ENGINE } from './engine.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-engine-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const [[OPTION, PATIENT]] = Object.entries(PATIENT_ENGINE) as [[string, string]];

const program = join(dir, 'program.ts');
writeFileSync(
  program,
  `import { readFileSync } from 'node:fs';
import { beginWithPatientEngine } from '${join(import.meta.dir, 'engine.ts')}';
process.stderr.write('begun ');
beginWithPatientEngine();
const begunWith = readFileSync('/proc/self/environ', 'utf8').split('\\0');
console.log(JSON.stringify({
  pid: process.pid,
  words: process.argv.slice(2),
  option: begunWith.find((pair) => pair.startsWith('${OPTION}')) ?? null,
  forChildren: process.env['${OPTION}'] ?? null,
  mine: process.env['MINE'],
  stdin: await Bun.stdin.text(),
}));
process.exitCode = 3;
`,
);

const runProgram = async (env: Readonly<Record<string, string>>) => {
  const child = Bun.spawn([process.execPath, program, 'two words', ''], {
    stdin: new TextEncoder().encode('flights'),
    stdout: 'pipe',
    stderr: 'pipe',
    env: { ...process.env, MINE: 'a=b ü', ...env },
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(await child.exited).toBe(3);
  return { pid: child.pid, begun: err.trim().split(' ').length, said: JSON.parse(out) };
};

test.if(process.platform === 'linux')(
  'a process begins once more as it was, with the option that is not handed on to its children',
  async () => {
    const { pid, begun, said } = await runProgram({});
    expect(begun).toBe(2);
    expect(said).toEqual({
      pid,
      words: ['two words', ''],
      option: `${OPTION}=${PATIENT}`,
      forChildren: null,
      mine: 'a=b ü',
      stdin: 'flights',
    });
  },
);

test.if(process.platform === 'linux')('what the user chose for the engine stays', async () => {
  const { begun, said } = await runProgram({ [OPTION]: '70000' });
  expect(begun).toBe(1);
  expect(said).toMatchObject({ option: `${OPTION}=70000`, forChildren: '70000' });
});
