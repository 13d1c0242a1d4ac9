/**
 * One training of `data/` from files to report, as `puntual train` does it, with the seconds of each phase: on the wall,
 * and of processor in all threads. In a process of its own; started by `train`, prints one JSON document.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainExplained } from '../../src/cli/training/explained-training.ts';
import { loadFlights } from '../../src/flights/cleaning/weather.ts';
import { buildTrainingPage } from '../../src/report/training/training-page.ts';
import { partialDependenceOf } from '../../src/score/partial-dependence.ts';
import { storeTrained } from '../../src/score/stored-training.ts';
import { DEFAULT_OPTIONS } from '../../src/train/settings.ts';

export interface Phase {
  readonly phase: string;
  readonly seconds: number;
  /** User and system time of all threads. */
  readonly processorSeconds: number;
}

const [file = 'data/flights.parquet', refit = 'refit', weather] = process.argv.slice(2);
const phases = new Map<string, { seconds: number; processorSeconds: number }>();
const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
let since = { seconds: 0, processorSeconds: 0 };
/** All since the last phase was this one. */
const end = (phase: string): void => {
  const now = { seconds: performance.now() / 1000, processorSeconds: processorSeconds() };
  const so = phases.get(phase) ?? { seconds: 0, processorSeconds: 0 };
  phases.set(phase, {
    seconds: so.seconds + now.seconds - since.seconds,
    processorSeconds: so.processorSeconds + now.processorSeconds - since.processorSeconds,
  });
  since = now;
};

end('start of the program');
const table = await loadFlights([file], weather ? { weather } : {});
end('reading');
let last: string | undefined;
const { trained, importance: explained } = await trainExplained(
  table,
  { ...DEFAULT_OPTIONS, refit: refit === 'refit' },
  ({ head, round }) => {
    // What lies between two answers' trees is told with the first tree of the second.
    if (round === 1) end(last === undefined ? 'preparing' : `after ${last}`);
    else end(head);
    last = head;
    return true;
  },
);
end(`after ${last}`);
const modelsDir = mkdtempSync(join(tmpdir(), 'puntual-phases-'));
try {
  const { path, version } = storeTrained(trained, {
    modelsDir,
    made: new Date(),
    isPublished: true,
  });
  end('self-test, storing');
  const { model } = trained.judged;
  const importance = await explained;
  end('SHAP, what is left of it');
  const partialDependence = partialDependenceOf(model, importance, trained.sampleRaw);
  end('partial dependence');
  const page = buildTrainingPage({
    ...trained.report,
    model: path,
    version,
    unusedColumns: [],
    importance,
    importanceRows: trained.sampleRaw.length / model.inputs.length,
    partialDependence,
    seconds: 0,
    peakMemoryMb: 0,
  });
  writeFileSync(join(modelsDir, 'report.html'), page);
  end('page');
} finally {
  rmSync(modelsDir, { recursive: true, force: true });
}
const all: Phase[] = [...phases].map(([phase, of]) => ({ phase, ...of }));
console.log(JSON.stringify({ phases: all, logLoss: trained.report.test.logLoss }));
