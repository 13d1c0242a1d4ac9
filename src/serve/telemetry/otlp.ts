/**
 * Sends spans to a collector in the background: OTLP over HTTP, JSON. What does not fit or arrive is dropped,
 * never waited for.
 * @source https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import { VERSION } from '../../core/version.ts';
import type { Log } from '../log.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly isError: boolean;
}

interface Exporter {
  readonly add: (span: Span) => void;
  /** Sends what is waiting; resolves when it is sent or given up. */
  readonly flush: () => Promise<void>;
}

const WAITING_LIMIT = 2048;
const SEND_EVERY_MS = 2000;
const SEND_LIMIT_MS = 5000;
const COMPLAIN_EVERY_MS = 60_000;
const SERVER_KIND = 2;
const STATUS_ERROR = 2;

/** @param endpoint base address; spans go to `/v1/traces` under it */
export const buildExporter = (endpoint: string, log: Log): Exporter => {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  let waiting: Span[] = [];
  let dropped = 0;
  let complainedMs = Number.NEGATIVE_INFINITY;

  const complain = (why: string, nSpans: number): void => {
    dropped += nSpans;
    if (performance.now() - complainedMs < COMPLAIN_EVERY_MS) return;
    complainedMs = performance.now();
    log.warn('spans were lost', { collector: url, why, spans: dropped });
    dropped = 0;
  };

  const flush = async (): Promise<void> => {
    const spans = waiting;
    waiting = [];
    if (spans.length === 0) return;
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(encodeSpans(spans)),
        signal: AbortSignal.timeout(SEND_LIMIT_MS),
      });
      await response.body?.cancel();
      if (!response.ok) complain(`status ${response.status}`, spans.length);
    } catch (error) {
      complain((error as Error).message, spans.length);
    }
  };

  setInterval(flush, SEND_EVERY_MS).unref();
  return {
    add: (span) => {
      if (waiting.length < WAITING_LIMIT) waiting.push(span);
      else complain('too many at once', 1);
    },
    flush,
  };
};

/** The ExportTraceServiceRequest of some spans, in OTLP's JSON form. */
export const encodeSpans = (spans: readonly Span[]): unknown => ({
  resourceSpans: [
    {
      resource: {
        attributes: encodeAttributes({ 'service.name': 'puntual', 'service.version': VERSION }),
      },
      scopeSpans: [
        {
          scope: { name: 'puntual', version: VERSION },
          spans: spans.map((span) => ({
            traceId: span.traceId,
            spanId: span.spanId,
            ...(span.parentId && { parentSpanId: span.parentId }),
            name: span.name,
            kind: SERVER_KIND,
            startTimeUnixNano: nanosOf(span.startMs),
            endTimeUnixNano: nanosOf(span.endMs),
            attributes: encodeAttributes(span.attributes),
            status: span.isError ? { code: STATUS_ERROR } : {},
          })),
        },
      ],
    },
  ],
});

/** Nanoseconds since 1970 as decimal text, as OTLP's JSON wants 64-bit numbers. */
const nanosOf = (ms: number): string =>
  BigInt(Math.round(ms * 1000))
    .toString()
    .concat('000');

const encodeAttributes = (attributes: Readonly<Record<string, string | number>>): unknown[] =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
