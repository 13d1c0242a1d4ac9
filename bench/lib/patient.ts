/**
 * The patient caller of a bench (`patient.c`): a request at each planned moment, timed by a process that keeps nothing
 * waiting but itself. What it says of itself is how late it sent, and how late it read.
 */
import { join } from 'node:path';

interface Asked {
  readonly status: number;
  /** From the planned moment until the answer was read. */
  readonly ms: number;
  /** Of that, how late it was sent. */
  readonly lateMs: number;
  /** Of that, how long the answer had come before it was read. */
  readonly unreadMs: number;
}

interface Plan {
  readonly port: number;
  readonly path: string;
  readonly bodyFile: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** What goes before the command: a processor. */
  readonly prefix: readonly string[];
}

/** @returns what became of each request that was answered; throws where there is no C compiler */
export const buildPatientCaller = (scratchDir: string): ((plan: Plan) => Promise<Asked[]>) => {
  const program = join(scratchDir, 'patient');
  const { exitCode, stderr } = Bun.spawnSync([
    ...['cc', '-O2', '-o', program, join(import.meta.dir, 'patient.c')],
  ]);
  if (exitCode !== 0) throw new Error(`cc cannot compile patient.c:\n${stderr}`);
  return async ({ port, path, bodyFile, perSecond, seconds, prefix }) => {
    const words = [`${port}`, `${perSecond}`, `${seconds}`, path, bodyFile];
    const run = Bun.spawn([...prefix, program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [text, complaint] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
    ]);
    if ((await run.exited) !== 0) throw new Error(`the patient caller: ${complaint}`);
    return text
      .trim()
      .split('\n')
      .map(askedOf)
      .filter(({ status }) => status > 0);
  };
};

const askedOf = (line: string): Asked => {
  const [planned = 0, sent = 0, come = 0, read = 0, status = 0] = line.split(' ').map(Number);
  const ms = (ns: number): number => ns / 1e6;
  return {
    status,
    ms: ms(read - planned),
    lateMs: ms(sent - planned),
    unreadMs: ms(read - come),
  };
};
