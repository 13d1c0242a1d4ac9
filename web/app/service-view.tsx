/** @jsxImportSource preact */
/**
 * The view of the service while it runs: state, workers, and rate, latency and errors over the same two minutes, with
 * replaced workers and loaded models marked; and the last stress reports. It only reads.
 */
import { useEffect, useState } from 'preact/hooks';
import { numberOf, type Words, wordsOf } from '../words/words.ts';
import type { PageData } from './read-page.ts';

/** What the service says of itself every second; all counts only grow. */
interface Snapshot {
  readonly atMs: number;
  readonly ready: boolean;
  readonly draining: boolean;
  readonly model: string;
  readonly workers: readonly {
    readonly id: number;
    readonly pid: number;
    readonly state: 'starting' | 'ready' | 'draining';
    readonly restarts: number;
    readonly rssMb: number;
    readonly inFlight: number;
  }[];
  readonly requests: number;
  readonly serverErrors: number;
  readonly restarts: number;
  readonly reloads: number;
  /** Requests by latency: up to each bound, then above the last. */
  readonly boundsMs: readonly number[];
  readonly latency: readonly number[];
}

const KEPT = 121;

interface Moment {
  readonly atMs: number;
  readonly rate: number;
  readonly errors: number;
  readonly p99Ms: number;
  readonly replaced: number;
  readonly reloaded: boolean;
}

const momentOf = (before: Snapshot, now: Snapshot): Moment => {
  const seconds = Math.max(0.001, (now.atMs - before.atMs) / 1000);
  const counts = now.latency.map((count, at) => count - (before.latency[at] ?? 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  const bound = counts.findIndex((count) => {
    seen += count;
    return seen >= 0.99 * total;
  });
  return {
    atMs: now.atMs,
    rate: Math.max(0, now.requests - before.requests) / seconds,
    errors: Math.max(0, now.serverErrors - before.serverErrors) / seconds,
    p99Ms: total === 0 ? 0 : (now.boundsMs[bound] ?? now.boundsMs.at(-1)!),
    replaced: Math.max(0, now.restarts - before.restarts),
    reloaded: now.reloads > before.reloads || now.model !== before.model,
  };
};

type State = 'waiting' | 'open' | 'lost' | 'hidden';

export const ServiceView = ({ page }: { page: PageData }) => {
  const words = wordsOf(page.lang);
  const [snapshots, setSnapshots] = useState<readonly Snapshot[]>([]);
  const [state, setState] = useState<State>('waiting');
  useEffect(() => {
    let source: EventSource | undefined;
    let isClosed = false;
    fetch('/service')
      .then((response) => {
        if (response.status === 403 || response.status === 404) {
          setState('hidden');
          return;
        }
        if (isClosed) return;
        source = new EventSource('/service/events');
        source.onmessage = ({ data }: MessageEvent<string>) => {
          setState('open');
          setSnapshots((before) => [...before, JSON.parse(data) as Snapshot].slice(-KEPT));
        };
        source.onerror = () => setState('lost');
      })
      .catch(() => setState('lost'));
    return () => {
      isClosed = true;
      source?.close();
    };
  }, []);
  const now = snapshots.at(-1);
  if (state === 'hidden')
    return (
      <section class="card">
        <p>{words.service.hidden}</p>
      </section>
    );
  if (now === undefined)
    return (
      <section class="card tall" aria-busy="true">
        <p>{state === 'lost' ? words.answer.unreachable : words.service.waiting}</p>
      </section>
    );
  const moments = snapshots.slice(1).map((snapshot, at) => momentOf(snapshots[at]!, snapshot));
  const name =
    state === 'lost' ? 'lost' : now.draining ? 'draining' : now.ready ? 'ready' : 'starting';
  return (
    <div class="views">
      <section class="card">
        <p class={`state ${name}`} role="status">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            {name === 'ready' ? (
              <path d="M3 8.5l3.2 3.2L13 5" />
            ) : name === 'lost' ? (
              <path d="M4 4l8 8M12 4l-8 8" />
            ) : (
              <path d="M8 3v6M8 12v1" />
            )}
          </svg>
          {words.service.states[name]}
        </p>
        <Charts moments={moments} words={words} />
      </section>
      <section class="card">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section class="scroll" tabIndex={0} aria-label={words.service.workers}>
          <table class="numbers">
            <caption>{words.service.workers}</caption>
            <thead>
              <tr>
                {(['worker', 'process', 'state', 'inFlight', 'restarts', 'memory'] as const).map(
                  (column) => (
                    <th key={column} scope="col">
                      {words.service[column]}
                    </th>
                  ),
                )}
              </tr>
            </thead>
            <tbody>
              {now.workers.map(({ id, pid, state: own, restarts, rssMb, inFlight }) => (
                <tr key={id}>
                  <th scope="row">{id}</th>
                  <td>{pid}</td>
                  <td>{words.service.states[own]}</td>
                  <td>{inFlight}</td>
                  <td>{restarts}</td>
                  <td>{numberOf(words, rssMb)} MB</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </section>
      <Events moments={moments} words={words} />
      <StressReports words={words} />
    </div>
  );
};

const WIDTH = 480;
const HEIGHT = 64;

const Charts = ({ moments, words }: { moments: readonly Moment[]; words: Words }) => {
  const last = moments.at(-1);
  return (
    <>
      <h2>{words.service.lastMinutes}</h2>
      <Line
        name={words.service.rate}
        values={moments.map(({ rate }) => rate)}
        now={numberOf(words, last?.rate ?? 0)}
        {...{ moments, words }}
      />
      <Line
        name={words.service.latency}
        values={moments.map(({ p99Ms }) => p99Ms)}
        now={`${numberOf(words, last?.p99Ms ?? 0, 1)} ms`}
        {...{ moments, words }}
      />
      <Line
        name={words.service.errors}
        values={moments.map(({ errors }) => errors)}
        now={numberOf(words, last?.errors ?? 0)}
        {...{ moments, words }}
      />
      <p class="time-axis" aria-hidden="true">
        <span>{words.service.earlier}</span>
        <span>{words.service.now}</span>
      </p>
    </>
  );
};

const Line = ({
  name,
  values,
  now,
  moments,
  words,
}: {
  name: string;
  values: readonly number[];
  now: string;
  moments: readonly Moment[];
  words: Words;
}) => {
  const highest = Math.max(...values, 0);
  const scale = highest === 0 ? 1 : highest;
  const x = (at: number): number => WIDTH - ((values.length - 1 - at) / (KEPT - 2)) * WIDTH;
  const points = values.map((value, at) => `${x(at)},${HEIGHT - (value / scale) * (HEIGHT - 4)}`);
  return (
    <figure class="line">
      <figcaption>
        {name}: <b>{now}</b> <small>(max {numberOf(words, highest, highest < 10 ? 1 : 0)})</small>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <line class="grid" x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {moments.map(({ atMs, replaced, reloaded }, at) => (
          <g key={atMs}>
            {replaced > 0 && <line class="kill" x1={x(at)} x2={x(at)} y1="0" y2={HEIGHT} />}
            {reloaded && <line class="reload" x1={x(at)} x2={x(at)} y1="0" y2={HEIGHT} />}
          </g>
        ))}
        <polyline class="measured" points={points.join(' ')} />
      </svg>
    </figure>
  );
};

const Events = ({ moments, words }: { moments: readonly Moment[]; words: Words }) => {
  const events = moments
    .flatMap(({ atMs, replaced, reloaded }) => [
      ...(replaced > 0 ? [{ atMs, text: words.service.restarted(replaced), kind: 'kill' }] : []),
      ...(reloaded ? [{ atMs, text: words.service.reloaded, kind: 'reload' }] : []),
    ])
    .reverse();
  return (
    <section class="card">
      <h2>{words.service.events}</h2>
      {events.length === 0 ? (
        <p>{words.service.noEvents}</p>
      ) : (
        <ul class="events">
          {events.map(({ atMs, text, kind }) => (
            <li key={`${atMs}${kind}`} class={kind}>
              <time dateTime={new Date(atMs).toISOString()}>
                {new Date(atMs).toLocaleTimeString(words.locale, { hourCycle: 'h23' })}
              </time>{' '}
              {text}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
};

interface StressReport {
  readonly file: string;
  readonly startedAt: string;
  readonly url: string;
  readonly result: string;
  readonly sentence: string;
  readonly headline: string;
}

/** What the stress runs said whose reports lie beside the service; their sentences are those of the reports. */
const StressReports = ({ words }: { words: Words }) => {
  const [reports, setReports] = useState<readonly StressReport[]>([]);
  useEffect(() => {
    fetch('/service/reports')
      .then(async (response) => {
        if (!response.ok) return;
        setReports(((await response.json()) as { reports: readonly StressReport[] }).reports);
      })
      .catch(() => {});
  }, []);
  return (
    <section class="card">
      <h2>{words.service.reports}</h2>
      {reports.length === 0 ? (
        <p>{words.service.noReports}</p>
      ) : (
        <ul class="stress">
          {reports.map(({ file, startedAt, url, result, sentence, headline }) => (
            <li key={file} class={result}>
              <a href={`/service/reports?${new URLSearchParams({ file })}`}>{file}</a>{' '}
              <time dateTime={startedAt}>
                {new Date(startedAt).toLocaleString(words.locale, {
                  dateStyle: 'medium',
                  timeStyle: 'short',
                  hourCycle: 'h23',
                })}
              </time>{' '}
              <small>{url}</small>
              <p lang="en">
                <b>{sentence}</b> {headline}
              </p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
};
