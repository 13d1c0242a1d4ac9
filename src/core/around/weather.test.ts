import { afterEach, describe, expect, mock, spyOn, test } from 'bun:test';
import { buildRandom } from '../random.ts';
import { OBSERVED, type Observation, stationsOf } from './weather.ts';

afterEach(() => mock.restore());

const observation = (minutes: number, precipitationInches: number): Observation => ({
  station: 'JFK',
  minutes,
  ...(Object.fromEntries(OBSERVED.map((name) => [name, Number.NaN])) as Omit<
    Observation,
    'station' | 'minutes'
  >),
  precipitationInches,
});

/** What fell in so many hours, as it is meant: the largest report of each hour, the newest hour first. */
const plainFall = (reports: readonly Observation[], now: number, nHours: number): number => {
  const known = reports.filter(
    ({ minutes, precipitationInches }) =>
      minutes <= now && now - minutes < 60 * nHours && !Number.isNaN(precipitationInches),
  );
  if (known.length === 0) return Number.NaN;
  const hours = Map.groupBy(known.toReversed(), ({ minutes }) => Math.floor(minutes / 60));
  return [...hours.values()].reduce(
    (sum, own) => sum + Math.max(0, ...own.map((one) => one.precipitationInches)),
    0,
  );
};

describe('what fell up to an observation', () => {
  test.each([0.5, 7, 20, 61, 130, 700])('is the sum over hours, every %d minutes', (step) => {
    const random = buildRandom(7);
    const reports: Observation[] = [];
    for (let now = -900; reports.length < 400; now += step * (0.2 + 1.6 * random()))
      reports.push(observation(now, random() < 0.3 ? Number.NaN : random() - 0.1));
    const { quantities } = stationsOf(reports).get('JFK')!;
    for (const [i, { minutes }] of reports.entries()) {
      expect(quantities.precipitation6hInches[i]).toBe(plainFall(reports, minutes, 6));
      expect(quantities.precipitation24hInches[i]).toBe(plainFall(reports, minutes, 24));
    }
  });

  test('costs some steps for each of 10,000 observations a minute apart', () => {
    const n = 10_000;
    const reports = Array.from({ length: n }, (_, i) => observation(i, (i % 7) / 100));
    const [largest, floor] = [spyOn(Math, 'max'), spyOn(Math, 'floor')];
    const { minutes } = stationsOf(reports).get('JFK')!;
    expect(minutes.length).toBe(n);
    expect(largest.mock.calls.length + floor.mock.calls.length).toBeLessThan(20 * n);
  });
});
