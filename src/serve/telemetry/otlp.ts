/**
 * What spans and metrics share on their way to a collector: OTLP over HTTP in its JSON form. Nothing is ever waited for.
 * @source https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import { randomUUID } from 'node:crypto';
import { VERSION } from '../../core/version.ts';
import { fetchFault } from '../../host/fetch-fault.ts';
import { shownAddress } from '../../host/shown-text.ts';
import type { Log } from '../log.ts';

const SEND_LIMIT_MS = 5000;
const COMPLAIN_EVERY_MS = 60_000;

interface Post {
  /** @returns whether the collector took it; what it did not take is logged once a minute */
  readonly send: (body: unknown, nItems: number) => Promise<boolean>;
  readonly lost: (why: string, nItems: number) => void;
}

/** @param what is sent: `traces`, `metrics`; the end of the address under the collector's base */
export const buildPost = (endpoint: string, what: 'traces' | 'metrics', log: Log): Post => {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${what}`;
  const shown = shownAddress(url.href);
  const items = what === 'traces' ? 'spans' : 'metrics';
  const message =
    what === 'traces' ? 'spans were lost' : 'metrics were not taken, the next push tells of them';
  let nLost = 0;
  let complainedMs = Number.NEGATIVE_INFINITY;

  const lost = (why: string, nItems: number): void => {
    nLost += nItems;
    if (performance.now() - complainedMs < COMPLAIN_EVERY_MS) return;
    complainedMs = performance.now();
    log.warn(message, { collector: shown, why, [items]: nLost });
    nLost = 0;
  };

  return {
    lost,
    send: async (body, nItems) => {
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(SEND_LIMIT_MS),
        });
        await readToEnd(response);
        if (!response.ok) lost(`status ${response.status}`, nItems);
        return response.ok;
      } catch (error) {
        lost(fetchFault(error), nItems);
        return false;
      }
    },
  };
};

/** A collector says little; past that its connection is not worth keeping. */
const ANSWER_LIMIT_BYTES = 64 * 1024;

/** Only a connection whose answer was read to its end carries the next push. */
const readToEnd = async ({ body }: Response): Promise<void> => {
  let nBytes = 0;
  for await (const part of body ?? []) {
    nBytes += part.length;
    if (nBytes > ANSWER_LIMIT_BYTES) return;
  }
};

const INSTANCE = 'PUNTUAL_INSTANCE_ID';

/** An identifier of this service; called before workers are started, which inherit it. */
export const instanceId = (env: Record<string, string | undefined> = process.env): string => {
  env[INSTANCE] ??= randomUUID();
  return env[INSTANCE];
};

/**
 * Who sends: name, version, an identifier of this service, and what OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say.
 * @source https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const encodeResource = (env: Record<string, string | undefined> = process.env): unknown => {
  const given = (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',').flatMap((pair) => {
    const [key, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    return pair.includes('=') ? [[key.trim(), decodePercents(value.trim())] as const] : [];
  });
  return {
    attributes: encodeAttributes({
      'service.name': 'puntual',
      'service.version': VERSION,
      'service.instance.id': instanceId(env),
      ...Object.fromEntries(given),
      ...(env['OTEL_SERVICE_NAME'] ? { 'service.name': env['OTEL_SERVICE_NAME'] } : {}),
    }),
  };
};

/** A value of the OpenTelemetry environment; as it stands where it only looks as if signs were written as `%2F`. */
export const decodePercents = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Nanoseconds since 1970 as decimal text, as OTLP's JSON wants 64-bit numbers. */
export const nanosOf = (ms: number): string =>
  BigInt(Math.round(ms * 1000))
    .toString()
    .concat('000');

export const encodeAttributes = (
  attributes: Readonly<Record<string, string | number>>,
): unknown[] =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
