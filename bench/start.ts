/**
 * How long from the start of the process until the service says that it is ready, and until it has answered a flight?
 * `npx bun bench/start.ts [STARTS]`: two workers, two sizes of model, one service after the other.
 */
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { isAnswered } from './lib/answered.ts';
import { FLIGHT, scratchDir } from './lib/http-peers.ts';
import { printFigures, printMachine, summarise } from './lib/measure.ts';

const nStarts = Number(process.argv[2] ?? 15);
const PORT = 18_070;
/** Asking more often takes the processors from what is measured. */
const AGAIN_MS = 5;

const READY = 'GET /readyz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n';
const PREDICT = `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: ${FLIGHT.length}\r\nConnection: close\r\n\r\n${FLIGHT}`;

/** Milliseconds from the start of the process to the first 200 of each, asked again and again. */
const start = async (modelsDir: string): Promise<{ readyMs: number; predictionMs: number }> => {
  const startMs = performance.now();
  const service = Bun.spawn(
    [
      process.execPath,
      join(import.meta.dir, '../src/cli/main.ts'),
      'serve',
      ...['--models', modelsDir, '--workers', '2', '--log-level', 'error'],
      ...['--port', `${PORT}`, '--admin-port', `${PORT + 1}`, '--drain-delay', '0'],
    ],
    { stdio: ['ignore', 'ignore', 'ignore'] },
  );
  const first = async (port: number, request: string): Promise<number> => {
    while (!(await isAnswered(port, request))) {
      if (service.exitCode !== null) throw new Error(`it ended with ${service.exitCode}`);
      await Bun.sleep(AGAIN_MS);
    }
    return performance.now() - startMs;
  };
  try {
    const [predictionMs, readyMs] = await Promise.all([
      first(PORT, PREDICT),
      first(PORT + 1, READY),
    ]);
    return { readyMs, predictionMs };
  } finally {
    service.kill('SIGTERM');
    await service.exited;
  }
};

printMachine();
for (const nLeaves of [31, 255]) {
  const modelsDir = join(scratchDir, `${nLeaves}`);
  storeModel(modelsDir, buildPlantedModel({ nTrees: 100, nLeaves, name: 'bench' }), new Date());
  await start(modelsDir);
  const starts: { readyMs: number; predictionMs: number }[] = [];
  for (let i = 0; i < nStarts; i++) starts.push(await start(modelsDir));
  console.log(`\n100 trees of ${nLeaves} leaves, two workers, ${nStarts} starts\n`);
  printFigures(
    [
      summarise(
        'ready (admin port)',
        starts.map(({ readyMs }) => readyMs),
      ),
      summarise(
        'first prediction',
        starts.map(({ predictionMs }) => predictionMs),
      ),
    ],
    'ms',
  );
}
