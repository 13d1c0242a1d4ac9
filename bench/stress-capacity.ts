/**
 * Does the capacity search find a known limit within 5 % in under 90 s, and does it say "generator-bound" when the
 * generator, and not the service, is at its end?
 */
import { printMachine } from './measure.ts';
import { onCore, runStress, startNginx, startPeer, stop } from './stress-peers.ts';

const PORT = 18_196;
const URL = `http://127.0.0.1:${PORT}/`;
const SERVICE_MS = 2;

printMachine();

console.log(`\nOne lane of ${SERVICE_MS} ms: the limit is ${1000 / SERVICE_MS} per second\n`);
const lane = await startPeer('lane.ts', PORT, ['fixed', SERVICE_MS]);
try {
  const startMs = performance.now();
  const { findMax, verdict } = await runStress([URL, '--find-max'], 0);
  const seconds = (performance.now() - startMs) / 1000;
  const found = findMax?.sustainedPerSecond ?? 0;
  const off = found / (1000 / SERVICE_MS) - 1;
  console.log(
    `found ${found.toFixed(0)} (${(off * 100).toFixed(1)} %), broke at ${findMax?.breakingPerSecond?.toFixed(0)} (${findMax?.reason}), ${seconds.toFixed(0)} s, ${verdict}`,
  );
  console.log(Math.abs(off) <= 0.05 && seconds < 90 ? 'holds' : 'FAILS');
} finally {
  await stop(lane);
}

console.log('\nnginx on one core, the generator on half of the other\n');
const nginx = await startNginx(PORT, 1);
const spinner = Bun.spawn(onCore(0, [process.execPath, '-e', 'for (;;);']));
try {
  const { exitCode, verdictSentence, findMax } = await runStress([URL, '--find-max', '-t', '1'], 0);
  console.log(`exit ${exitCode}: ${verdictSentence}; ${findMax?.reason}`);
  console.log(exitCode === 3 ? 'holds' : 'FAILS');
} finally {
  await stop(spinner);
  await stop(nginx);
}
