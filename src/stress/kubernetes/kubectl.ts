/**
 * `kubectl`, for what a run on a cluster needs of it; which cluster it speaks to is its own affair (KUBECONFIG).
 */
import { AppError } from '../../core/errors.ts';

export interface Kubectl {
  /** Its output. @throws AppError target-unreachable with what it said, when it fails */
  readonly run: (words: readonly string[], input?: string) => Promise<string>;
  /** Its output as JSON. @throws AppError target-unreachable */
  readonly ask: <T>(words: readonly string[]) => Promise<T>;
}

const MISSING = 'kubectl cannot be started: --on kubernetes needs it in the PATH.';

/** @throws AppError usage when there is none */
export const openKubectl = (namespace: string | undefined): Kubectl => {
  if (Bun.which('kubectl') === null) throw new AppError('usage', MISSING);
  const scope = namespace === undefined ? [] : ['--namespace', namespace];
  const run = async (words: readonly string[], input = ''): Promise<string> => {
    const child = Bun.spawn(['kubectl', ...scope, ...words], {
      stdin: Buffer.from(input),
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, problem] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    if ((await child.exited) === 0) return out;
    throw new AppError('target-unreachable', `kubectl ${words[0]}: ${oneLine(problem)}`);
  };
  return { run, ask: async (words) => JSON.parse(await run([...words, '-o', 'json'])) as never };
};

const oneLine = (text: string): string => text.trim().replace(/\s*\n\s*/g, ' ') || 'it failed';
