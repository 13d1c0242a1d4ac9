/**
 * How often does a sample of the training days alarm as drift? Flights of `data/` to August, drawn as rows and as whole
 * days, against the distributions of all of them; the largest index of each input beside the number of alarms.
 */
import { MINUTES_PER_DAY } from '../src/core/calendar.ts';
import { buildBinCounter, driftOf } from '../src/core/distribution.ts';
import { decodeTime, type FieldName } from '../src/core/flight.ts';
import { buildRandom } from '../src/core/random.ts';
import { departuresOf } from '../src/core/table.ts';
import { loadTable } from '../src/flights/cleaning/load.ts';
import { flightColumnsOf, inputsOfTable, rawOf } from '../src/train/features/encoding.ts';
import { scheduleInputs } from '../src/train/features/schedule-features.ts';
import { distributionsOf } from '../src/train/input-distribution.ts';
import { printMachine } from './lib/measure.ts';

const END = decodeTime('2013-09-01T00:00');
const SIZES = [
  [500, 200],
  [5000, 200],
  [50_000, 40],
] as const;

printMachine();
const table = await loadTable(['data/flights.parquet']);
const departures = departuresOf(table);
const rows = Int32Array.from({ length: table.nRows }, (_, row) => row);
const names: readonly FieldName[] = [...scheduleInputs(table), 'flightNumber', 'tailNumber'];
const inputs = inputsOfTable(table, [...new Set(names)], [rows]);
const raw = rawOf(table, inputs);
const known = rows.filter((row) => departures[row]! < END);
const shares = distributionsOf(flightColumnsOf(table, inputs), known);
const nCells = shares.reduce((n, { shares: bins }) => n + bins.length, 0);
const random = buildRandom(7);

const byDay = new Map<number, number[]>();
for (const row of known) {
  const day = Math.floor(departures[row]! / MINUTES_PER_DAY);
  const own = byDay.get(day) ?? [];
  own.push(row);
  byDay.set(day, own);
}
const days = [...byDay.values()];

const draw = {
  rows: (n: number) => Array.from({ length: n }, () => known[Math.floor(random() * known.length)]!),
  /** Whole days until there are enough flights. */
  days: (n: number) => {
    const order = days.map((own) => ({ own, at: random() })).sort((a, b) => a.at - b.at);
    const drawn: number[] = [];
    for (const { own } of order) {
      if (drawn.length >= n) break;
      drawn.push(...own);
    }
    return drawn;
  },
} as const;

const measure = (sample: readonly number[]) => {
  const cells = new Float64Array(nCells);
  const flights = new Float64Array(sample.length * inputs.length);
  sample.forEach((row, i) => {
    flights.set(raw.subarray(row * inputs.length, (row + 1) * inputs.length), i * inputs.length);
  });
  buildBinCounter(inputs, shares, cells)(flights, sample.length);
  return driftOf(shares, cells);
};

console.log(
  '\n| flights | drawn as | samples | alarms | largest index, by input |\n|---:|---|---:|---:|---|',
);
for (const [n, nTrials] of SIZES)
  for (const how of ['rows', 'days'] as const) {
    let nAlarms = 0;
    const largest = new Map<string, number>();
    for (let trial = 0; trial < nTrials; trial++)
      for (const { input, psi, level } of measure(draw[how](n))) {
        if (level !== 'none') nAlarms++;
        largest.set(input, Math.max(largest.get(input) ?? 0, psi));
      }
    const cells = [...largest].map(([input, psi]) => `${input} ${psi.toFixed(3)}`).join(', ');
    console.log(`| ${n} | ${how} | ${nTrials} | ${nAlarms} | ${cells} |`);
  }
