/**
 * Sends spans to a collector in the background. What does not fit or arrive is dropped, never waited for.
 * @source https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import { VERSION } from '../../core/version.ts';
import type { Log } from '../log.ts';
import { buildPost, encodeAttributes, encodeResource, nanosOf } from './otlp.ts';

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
const SERVER_KIND = 2;
const STATUS_ERROR = 2;

/** @param endpoint base address; spans go to `/v1/traces` under it */
export const buildExporter = (endpoint: string, log: Log): Exporter => {
  const post = buildPost(endpoint, 'traces', log);
  let waiting: Span[] = [];

  const flush = async (): Promise<void> => {
    const spans = waiting;
    waiting = [];
    if (spans.length > 0) await post.send(encodeSpans(spans), spans.length);
  };

  setInterval(flush, SEND_EVERY_MS).unref();
  return {
    add: (span) => {
      if (waiting.length < WAITING_LIMIT) waiting.push(span);
      else post.lost('too many at once', 1);
    },
    flush,
  };
};

/** The ExportTraceServiceRequest of some spans, in OTLP's JSON form. */
export const encodeSpans = (spans: readonly Span[]): unknown => ({
  resourceSpans: [
    {
      resource: encodeResource(),
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
