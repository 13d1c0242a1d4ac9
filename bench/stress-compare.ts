/**
 * Does `--compare` pass two runs of the same build, and fail a build that is 15 % slower, five times out of five?
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printMachine } from './lib/measure.ts';
import { runStress, startPeer, stop } from './stress-peers.ts';

const PORT = 18_195;
const URL = `http://127.0.0.1:${PORT}/`;
const SPIN_US = 400;
const ROUNDS = 5;
const dir = mkdtempSync(join(tmpdir(), 'puntual-compare-'));

const run = async (spinUs: number, extra: readonly string[]): Promise<boolean> => {
  const service = await startPeer('constant.ts', PORT, [spinUs]);
  try {
    const asked = ['-c', '8', '-t', '1', '-d', '6s', '--warm-up', '1s', ...extra];
    const { comparison } = await runStress([URL, ...asked], 0);
    if (comparison) console.log(`  ${comparison.sentence}`);
    return comparison?.regressed ?? false;
  } finally {
    await stop(service);
  }
};

printMachine();
let nRight = 0;
for (let round = 0; round < ROUNDS; round++) {
  const file = join(dir, `${round}.json`);
  await run(SPIN_US, ['-o', file]);
  const isSameWorse = await run(SPIN_US, ['--compare', file]);
  const isSlowerWorse = await run(SPIN_US * 1.15, ['--compare', file]);
  if (!isSameWorse && isSlowerWorse) nRight++;
}
console.log(`\n${nRight === ROUNDS ? 'holds' : 'FAILS'}: right in ${nRight} of ${ROUNDS} rounds`);
