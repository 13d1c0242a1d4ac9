/**
 * How fast `puntual predict` scores three million flights from file to file, beside pandas with LightGBM.
 * Both use one forest of 100 trees of 31 leaves that LightGBM trained; a model name as argument adds one of ours.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { alternate, medianOf, printFigures, printMachine, versionLine } from './lib/measure.ts';
import { needVega, OUT, VEGA } from './lib/train-data.ts';

const ROWS = 3_000_000;
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const PYTHON = join(import.meta.dir, 'peers/.venv/bin/python');
const SCRIPT = join(import.meta.dir, 'peers/score_file.py');
const MAIN = join(import.meta.dir, '../src/cli/main.ts');
const THEIRS = `${OUT}file.txt`;
const OURS = `${OUT}file.safetensors`;

/**
 * Runs a command; seconds, and its peak memory in MB.
 * Not the peak that the system tells at the end: that one begins with the memory of this process.
 */
const run = async (command: readonly string[]): Promise<{ seconds: number; peakMb: number }> => {
  const startMs = performance.now();
  const child = Bun.spawn([...command], { stdout: 'ignore', stderr: 'pipe' });
  let peakMb = 0;
  const look = setInterval(() => {
    const status = readStatus(child.pid);
    peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }, 20);
  const exitCode = await child.exited;
  clearInterval(look);
  const seconds = (performance.now() - startMs) / 1000;
  if (exitCode !== 0)
    throw new Error(`${command.join(' ')}: ${await new Response(child.stderr).text()}`);
  return { seconds, peakMb };
};

/** Empty once the process has ended. */
const readStatus = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
};

const numbers = (format: string): string => `${OUT}numbers-3m.${format}`;

const prepare = async (): Promise<void> => {
  needVega();
  const connection = await (await DuckDBInstance.create()).connect();
  for (const format of ['parquet', 'csv']) {
    if (existsSync(numbers(format))) continue;
    await connection.run(
      `COPY (SELECT month(date) AS month, day(date) AS dayOfMonth, isodow(date) AS dayOfWeek,
               hour(date) * 60 + minute(date) AS minuteOfDay, dense_rank() OVER (ORDER BY origin) AS originCode,
               dense_rank() OVER (ORDER BY destination) AS destinationCode, distance, (delay >= 15)::INTEGER AS late
             FROM '${VEGA}') TO '${numbers(format)}' (FORMAT ${format})`,
    );
  }
  if (existsSync(OURS)) return;
  await run([PYTHON, SCRIPT, 'train', numbers('parquet'), THEIRS]);
  await run([process.execPath, MAIN, 'model', 'import', THEIRS, '-o', OURS]);
};

const contender = (name: string, command: readonly string[]) => {
  const peaksMb: number[] = [];
  return {
    name,
    peaksMb,
    run: async () => {
      const { seconds, peakMb } = await run(command);
      peaksMb.push(peakMb);
      return seconds;
    },
  };
};

await prepare();
printMachine({
  lightgbm: versionLine(PYTHON, '-c', 'import lightgbm; print(lightgbm.__version__)'),
});
for (const format of ['parquet', 'csv']) {
  const from = numbers(format);
  const target = `${OUT}scored.${format}`;
  const predict = [process.execPath, MAIN, 'predict'];
  const contenders = [
    contender('pandas and LightGBM', [PYTHON, SCRIPT, 'score', from, THEIRS, target]),
    contender('puntual predict', [...predict, OURS, from, '-o', target]),
    ...process.argv
      .slice(2)
      .map((model) =>
        contender(`puntual predict, ${model}, from Parquet`, [
          ...predict,
          model,
          VEGA,
          '-o',
          target,
        ]),
      ),
  ];
  const figures = await alternate(contenders, ROUNDS, 0);
  console.log(`\n${format} to ${format}`);
  printFigures(figures, 's', 'pandas and LightGBM');
  figures.forEach(({ name, median }, i) => {
    const peakMb = medianOf([...contenders[i]!.peaksMb].sort((a, b) => a - b));
    console.log(
      `${name}: ${Math.round(ROWS / median).toLocaleString('en')} rows/s, at most ${Math.round(peakMb)} MB`,
    );
  });
}
