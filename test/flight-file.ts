/**
 * Files of flights made from a seed, for tests that call commands as a person does.
 * The columns carry the names of a request, with the delay beside them.
 */
import { writeFileSync } from 'node:fs';
import { encodeTime } from '../src/core/flight.ts';
import { buildRandom } from '../src/core/random.ts';

const COLUMNS = [
  'airline',
  'origin',
  'destination',
  'scheduledDeparture',
  'distanceMiles',
  'delayMinutes',
] as const;

/** One airline in three is late more often than the others. @param cellsOf cells of a row that are otherwise @returns the path */
export const writeFlights = (
  path: string,
  nDays: number,
  perDay: number,
  cellsOf: (row: number) => Partial<Record<(typeof COLUMNS)[number], string>> = () => ({}),
): string => {
  const random = buildRandom(3);
  const lines: string[] = [COLUMNS.join(',')];
  for (let row = 0; row < nDays * perDay; row++) {
    const minute = (18_000 + Math.floor(row / perDay)) * 1440 + 360 + (row % 960);
    const cells = {
      airline: ['AA', 'B6', 'DL'][row % 3]!,
      origin: 'JFK',
      destination: ['LAX', 'ORD', 'BOS', 'MIA'][row % 4]!,
      scheduledDeparture: encodeTime(minute),
      distanceMiles: `${200 + Math.floor(random() * 2000)}`,
      delayMinutes: `${random() < 0.2 + 0.1 * (row % 3) ? 40 : 0}`,
      ...cellsOf(row),
    };
    lines.push(COLUMNS.map((name) => cells[name]).join(','));
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
};
