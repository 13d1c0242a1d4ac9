/**
 * What the coordinator and its shards say to each other: the whole protocol, as plain records.
 */

import type { Load } from './generator/schedule.ts';
import type { EncodedTally } from './generator/tally.ts';

/** How TLS is spoken with the service. */
export interface TlsPlan {
  readonly serverName: string;
  /** Whether a certificate that does not verify is refused. */
  readonly verify: boolean;
  /** PEM texts: certificates to trust, and the client's own. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** What is offered by ALPN where HTTP/2 is spoken: nothing else. */
const ALPN_HTTP2 = Buffer.from('\x02h2');

/** The same in the words of the runtime. */
export const tlsOptionsOf = ({ serverName, verify, ca, cert, key }: TlsPlan, isHttp2 = false) => ({
  serverName,
  ...(isHttp2 ? { ALPNProtocols: ALPN_HTTP2 } : {}),
  rejectUnauthorized: verify,
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key }),
});

/** What a right answer is. */
export interface Expectation {
  /** Null: 200 to 299, and 304. */
  readonly statuses: readonly number[] | null;
  readonly body: BodyExpectation | null;
}

/** What a right body holds: a text, what a pattern matches, or a value at a path of its JSON. */
export type BodyExpectation =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'pattern'; readonly source: string; readonly flags: string }
  | { readonly kind: 'json'; readonly path: readonly string[]; readonly value: string };

export interface ShardPlan {
  readonly shard: number;
  /** Its place among the processes of all machines, which walk one plan interleaved. */
  readonly place: number;
  readonly nPlaces: number;
  /** Addresses that all reach the service; connections go round them. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** A Unix socket instead of addresses. */
  readonly socketPath: string | null;
  readonly tls: TlsPlan | null;
  readonly nConnections: number;
  /** Whole requests of HTTP/1.1, base64; none where HTTP/2 is spoken. */
  readonly requests: readonly string[];
  /** HTTP/2 instead: how many streams each connection carries at once, and header block and body of each request. */
  readonly http2: {
    readonly nStreams: number;
    readonly requests: readonly (readonly [block: string, body: string])[];
  } | null;
  /** A journey instead of requests: its module, and what its users share. */
  readonly journey: {
    readonly path: string;
    readonly url: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly follow: boolean;
    readonly rows: readonly Readonly<Record<string, unknown>>[];
  } | null;
  /** Right bodies of some requests, base64: [index, body]. */
  readonly golden: readonly (readonly [number, string])[];
  /** Indices of the requests whose answers carry no body: HEAD. */
  readonly bodiless: readonly number[];
  /** Names of requests, at least one; and for each request the place of its name, empty where all have one. */
  readonly names: readonly string[];
  readonly nameOf: readonly number[];
  readonly expect: Expectation;
  readonly seed: number;
  readonly keepAlive: boolean;
  readonly timeoutMs: number;
  readonly connectsAtOnce: number;
}

export interface StepPlan {
  /** When it starts, milliseconds since 1970. */
  readonly startAtMs: number;
  /** Null: closed loop, every connection sends its next request as soon as the last was answered. */
  readonly load: Load | null;
  readonly durationMs: number;
  /** A closed loop ends after so many requests, all shards together; null: when its time is over. */
  readonly maxRequests: number | null;
  /** Requests planned before this are sent but not counted. */
  readonly warmUpMs: number;
  /** How long unanswered requests may still be waited for at the end. */
  readonly graceMs: number;
}

export type ToShard =
  | { readonly kind: 'open'; readonly plan: ShardPlan }
  | { readonly kind: 'step'; readonly step: StepPlan }
  | { readonly kind: 'grow'; readonly nConnections: number }
  | { readonly kind: 'reset'; readonly share: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'close' };

export interface Tick {
  readonly kind: 'tick';
  readonly shard: number;
  /** 0-based second of the step. */
  readonly second: number;
  /** Whether the step is over with this tick. */
  readonly last: boolean;
  /** With the last tick: when the step's plan ended, milliseconds from its start. */
  readonly endedMs?: number;
  readonly tally: EncodedTally;
  readonly nOpen: number;
  /** Mean number of requests in flight: the exact area under them. */
  readonly inFlightMean: number;
  readonly waiting: number;
  /** Share of wall time spent on the processor, and waiting for one. */
  readonly busy: number;
  readonly starved: number;
  /** Share of the machine's processor time that nobody used; null where the system does not say. */
  readonly idle: number | null;
  readonly rssBytes: number;
}

export type FromShard =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'opened';
      readonly shard: number;
      readonly nOpen: number;
      readonly reasons: Readonly<Record<string, number>>;
      /** Whether it has stopped trying. */
      readonly done: boolean;
    }
  | Tick;
