/**
 * What others see of a run while it goes on: the live page of `--ui`, and the collector of `--otlp`.
 */
import { request as askHttp } from 'node:http';
import { request as askHttps } from 'node:https';
import { AppError } from '../../core/errors.ts';
import { fetchFault } from '../../host/fetch-fault.ts';
import { decodePercents } from '../../serve/telemetry/otlp.ts';
import { buildBody, buildLivingPage } from '../../report/page.ts';
import { type LiveRun, livePage } from '../../report/stress/live-page.ts';
import { COARSE_SCALE, errorsOf, type Window } from '../../stress/coordinator/window.ts';
import { buildOtlpMetrics } from '../../stress/results/otlp.ts';
import type { RunHead } from '../../stress/results/run-file.ts';
import { showConnections } from '../../stress/results/text.ts';
import type { StressPlan } from '../../stress/stress.ts';
import type { Watcher } from '../../stress/watcher.ts';

export interface LiveUi extends Watcher {
  readonly url: string;
  readonly onHead: (head: RunHead) => void;
  /** The run is over: the page becomes its report, where there is one, and the port is closed. */
  readonly end: (report: string | undefined) => Promise<void>;
}

/** Seconds that the page draws. */
const MAX_WINDOWS = 600;
/** How long a browser may take for the report. */
const LAST_EVENT_MS = 1000;

/** Serves the page on this machine alone. @throws AppError usage when the port is taken */
export const openLiveUi = (plan: StressPlan, port: number): LiveUi => {
  const windows: Window[] = [];
  const reasons = new Map<string, number>();
  const events: string[] = [];
  const listeners = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const isPlain = plan.mode === 'single' && plan.maxRequests === undefined;
  let head: RunHead | undefined;
  let step = 'opening connections';
  let nSeconds = 0;
  let [nPlanned, nOk, nErrors, silentSeconds] = [0, 0, 0, 0];

  const runNow = (): LiveRun => ({
    head,
    step,
    progress: nSeconds === 0 ? '' : progressOf(plan, isPlain, nSeconds),
    nPlanned,
    nOk,
    nErrors,
    reasons: [...reasons].sort(([, a], [, b]) => b - a),
    silentSeconds,
    events,
    slo: plan.thresholds.map(({ text }) => text),
    heatScale: { bits: COARSE_SCALE.bits, maxBits: COARSE_SCALE.maxBits },
    main: {
      windows,
      durationMs: isPlain ? plan.durationMs : Number.POSITIVE_INFINITY,
      warmUpMs: isPlain ? plan.warmUpMs : 0,
    },
  });
  const send = (event: string, data: unknown): void => {
    const bytes = encodeEvent(event, data);
    for (const listener of listeners) {
      try {
        listener.enqueue(bytes);
      } catch {
        listeners.delete(listener);
      }
    }
  };
  const update = (): void => {
    if (listeners.size > 0) send('page', buildBody(livePage(runNow())));
  };

  const listen = (): Response => {
    let own: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        listeners.add(controller);
        controller.enqueue(encodeEvent('page', buildBody(livePage(runNow()))));
      },
      cancel: () => {
        listeners.delete(own);
      },
    });
    return new Response(stream, {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        connection: 'close',
      },
    });
  };

  const server = serveOr(port, (request) => {
    const url = new URL(request.url);
    // A name of somebody else's that leads here is not answered.
    if (!['127.0.0.1', 'localhost'].includes(url.hostname)) {
      return new Response('Not here.\n', { status: 421 });
    }
    if (request.method !== 'GET') return new Response('GET only.\n', { status: 405 });
    if (url.pathname === '/events') return listen();
    if (url.pathname !== '/') return new Response('Nothing here.\n', { status: 404 });
    return new Response(buildLivingPage(livePage(runNow())), {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        connection: 'close',
      },
    });
  });

  return {
    url: `http://127.0.0.1:${server.port}/`,
    onHead: (known) => {
      head = known;
      update();
    },
    onOpening: (nOpen) => {
      if (windows.length > 0) return;
      step = `opening connections: ${nOpen.toLocaleString('en')}`;
      update();
    },
    onStep: (name, rate, nConnections) => {
      const how =
        rate === null
          ? 'closed loop'
          : `${Math.round(rate).toLocaleString('en')} planned per second`;
      step = `${name}: ${how}, ${showConnections(nConnections)}`;
      update();
    },
    onWindow: (window) => {
      // The seconds of a search's steps follow each other.
      windows.push({ ...window, second: nSeconds++ });
      if (windows.length > MAX_WINDOWS) windows.shift();
      nPlanned += window.planned;
      nOk += window.ok;
      nErrors += errorsOf(window);
      const isOwed = window.planned > 0 || window.inFlight >= 0.01 || window.waiting > 0;
      silentSeconds = window.ok > 0 ? 0 : silentSeconds + (isOwed ? 1 : 0);
      for (const [reason, count] of Object.entries(window.reasons)) {
        reasons.set(reason, (reasons.get(reason) ?? 0) + count);
      }
      update();
    },
    onFault: ({ plan: { text }, notes }) => {
      events.push(`fault ${text}: ${notes.join('; ')}`);
      update();
    },
    onNote: (sentence) => {
      events.push(sentence);
      update();
    },
    end: async (report) => {
      if (report !== undefined) send('end', report);
      for (const listener of listeners) listener.close();
      listeners.clear();
      await Promise.race([server.stop(), Bun.sleep(LAST_EVENT_MS)]);
      await server.stop(true);
    },
  };
};

const encodeEvent = (event: string, data: unknown): Uint8Array =>
  Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);

const progressOf = ({ durationMs }: StressPlan, isPlain: boolean, nSeconds: number): string => {
  if (!isPlain) return `second ${nSeconds}`;
  const total = Math.ceil(durationMs / 1000);
  return nSeconds > total ? `${total} s over, waiting for answers` : `${nSeconds} of ${total} s`;
};

const serveOr = (port: number, fetch: (request: Request) => Response) => {
  try {
    return Bun.serve({ hostname: '127.0.0.1', port, idleTimeout: 0, fetch });
  } catch (cause) {
    throw new AppError('usage', `--ui-port ${port} cannot be listened on: is it taken?`, { cause });
  }
};

interface OtlpExport extends Watcher {
  /** The last of it is sent. @returns a sentence when not all arrived */
  readonly end: () => Promise<string | undefined>;
}

const OTLP_PATH = '/v1/metrics';
const EXPORT_MS = 5000;

/** Sends each second to a collector; what it does not take never disturbs the run. @throws AppError usage */
export const openOtlp = (to: string, url: string): OtlpExport => {
  const place = placeOf(to);
  const metrics = buildOtlpMetrics(url, Date.now());
  const headers = otlpHeaders();
  let last: Promise<void> = Promise.resolve();
  let nSent = 0;
  let nFailed = 0;
  let why = '';
  return {
    onWindow: (window) => {
      const body = JSON.stringify(metrics.add(window, Date.now()));
      nSent++;
      last = last.then(() =>
        post(place, headers, body).catch((fault: unknown) => {
          nFailed++;
          const { code, message } = fault as NodeJS.ErrnoException;
          why = code === undefined ? message : fetchFault(fault);
        }),
      );
    },
    end: async () => {
      await last;
      return nFailed === 0
        ? undefined
        : `${nFailed} of ${nSent} exports to ${place.href} failed, the last by: ${why}`;
    },
  };
};

const placeOf = (to: string): URL => {
  const place = URL.parse(to);
  if (place === null || !/^https?:$/.test(place.protocol)) {
    throw new AppError('usage', `--otlp '${to}' is not a URL such as http://localhost:4318.`);
  }
  if (place.pathname === '/') place.pathname = OTLP_PATH;
  return place;
};

/** `key=value,key=value`, as every exporter of OpenTelemetry takes it. */
const otlpHeaders = (): Record<string, string> =>
  Object.fromEntries(
    (process.env['OTEL_EXPORTER_OTLP_HEADERS'] ?? '')
      .split(',')
      .filter((pair) => pair.includes('='))
      .map((pair) => {
        const equals = pair.indexOf('=');
        return [pair.slice(0, equals).trim(), decodePercents(pair.slice(equals + 1).trim())];
      }),
  );

const post = (place: URL, headers: Readonly<Record<string, string>>, body: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const ask = place.protocol === 'https:' ? askHttps : askHttp;
    const asked = ask(
      place,
      {
        method: 'POST',
        timeout: EXPORT_MS,
        headers: {
          ...headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => {
          const status = answer.statusCode ?? 0;
          if (status >= 200 && status < 300) resolve();
          else reject(new Error(`status ${status}`));
        });
      },
    );
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')));
    asked.on('error', reject);
    asked.end(body);
  });
