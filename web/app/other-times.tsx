/** @jsxImportSource preact */
/**
 * The same flight at other hours and on other days: two strips, and the times that would change the answer.
 */
import { useEffect, useState } from 'preact/hooks';
import { Strip } from '../charts.tsx';
import type { Flight } from '../view.ts';
import { countOf, type Words } from '../words/words.ts';
import { askMany } from './ask.ts';

const MS_PER_MINUTE = 60_000;
const MINUTES_PER_DAY = 1440;
/** A smaller difference is not worth a line. */
const WORTH = 0.02;
/** Nobody is advised to fly in the middle of the night. */
const [EARLIEST_HOUR, LATEST_HOUR] = [6, 22];

const msOf = (iso: string): number => Date.parse(`${iso}Z`);
const isoOf = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

/** The flight so many minutes later, its arrival as well. */
const shifted = (flight: Flight, minutes: number): Flight => ({
  ...flight,
  ...Object.fromEntries(
    ['scheduledDeparture', 'scheduledArrival'].flatMap((name) => {
      const time = flight[name];
      return typeof time === 'string' ? [[name, isoOf(msOf(time) + minutes * MS_PER_MINUTE)]] : [];
    }),
  ),
});

interface Alternatives {
  readonly hours: readonly number[];
  readonly days: readonly number[];
}

export const OtherTimes = ({
  flight,
  probability,
  words,
}: {
  flight: Flight;
  probability: number;
  words: Words;
}) => {
  const departure = flight['scheduledDeparture'];
  const [found, setFound] = useState<Alternatives>({ hours: [], days: [] });
  const leavesMs = typeof departure === 'string' ? msOf(departure) : Number.NaN;
  const hour = new Date(leavesMs).getUTCHours();
  const weekday = (new Date(leavesMs).getUTCDay() + 6) % 7;
  const key = JSON.stringify(flight);
  useEffect(() => {
    if (Number.isNaN(leavesMs)) return;
    const abort = new AbortController();
    const flights = [
      ...Array.from({ length: 24 }, (_, at) => shifted(flight, (at - hour) * 60)),
      ...Array.from({ length: 7 }, (_, at) => shifted(flight, (at - weekday) * MINUTES_PER_DAY)),
    ];
    void askMany(flights, abort.signal).then((chances) => {
      if (chances.length === flights.length)
        setFound({ hours: chances.slice(0, 24), days: chances.slice(24) });
    });
    return () => abort.abort();
  }, [key]);
  if (Number.isNaN(leavesMs)) return null;
  // Before they are there, their place is kept with the flight's own chance.
  const hours = found.hours.length > 0 ? found.hours : new Array<number>(24).fill(probability);
  const days = found.days.length > 0 ? found.days : new Array<number>(7).fill(probability);
  const clockAt = (at: number): string =>
    isoOf(leavesMs + (at - hour) * 60 * MS_PER_MINUTE).slice(11);
  const dayAt = (at: number, weekdayStyle: 'short' | 'long'): string =>
    new Date(leavesMs + (at - weekday) * MINUTES_PER_DAY * MS_PER_MINUTE).toLocaleDateString(
      words.locale,
      {
        weekday: weekdayStyle,
        timeZone: 'UTC',
        ...(weekdayStyle === 'long' ? { day: 'numeric', month: 'long' } : {}),
      },
    );
  const changes = [
    ...hours
      .map((chance, at) => ({ chance, at, when: words.answer.atHour(clockAt(at)) }))
      .filter(({ at }) => at >= EARLIEST_HOUR && at <= LATEST_HOUR && at !== hour),
    ...days
      .map((chance, at) => ({ chance, at, when: words.answer.onDay(dayAt(at, 'long')) }))
      .filter(({ at }) => at !== weekday),
  ].filter(({ chance }) => Math.abs(chance - probability) >= WORTH);
  changes.sort((a, b) => a.chance - b.chance);
  const shown = changes.length > 4 ? [...changes.slice(0, 3), changes.at(-1)!] : changes;
  return (
    <div class="others">
      <Strip
        caption={words.answer.hours}
        cells={hours.map((chance, at) => ({
          label: String(at),
          name: clockAt(at),
          probability: chance,
        }))}
        at={hour}
        words={words}
      />
      <Strip
        caption={words.answer.days}
        cells={days.map((chance, at) => ({
          label: dayAt(at, 'short'),
          name: dayAt(at, 'long'),
          probability: chance,
        }))}
        at={weekday}
        words={words}
      />
      <h3>{words.answer.changes}</h3>
      {shown.length === 0 ? (
        <p>{words.answer.noChange}</p>
      ) : (
        <ul>
          {shown.map(({ when, chance }) => (
            <li key={when}>{words.answer.change(when, countOf(chance))}</li>
          ))}
        </ul>
      )}
    </div>
  );
};
