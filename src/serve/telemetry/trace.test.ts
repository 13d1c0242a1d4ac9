import { describe, expect, test } from 'bun:test';
import { open, talk } from '../../../test/http-talk.ts';
import { callOf } from '../../http/reference-server.ts';
import type { Handler } from '../endpoint.ts';
import { buildLog } from '../log.ts';
import { encodeSpans } from './otlp-spans.ts';
import { buildTracing, routeOf } from './trace.ts';
import { parseTraceparent, randomHex } from './trace-context.ts';

const TRACE = 'a'.repeat(32);
const PARENT = 'b'.repeat(16);

describe('a traceparent header', () => {
  const cases: readonly [what: string, header: string | null, isTaken: boolean][] = [
    ['of version 00', `00-${TRACE}-${PARENT}-01`, true],
    ['of a later version with more at its end', `cc-${TRACE}-${PARENT}-01-more`, true],
    ['with more at its end in version 00', `00-${TRACE}-${PARENT}-01-more`, false],
    ['of version ff', `ff-${TRACE}-${PARENT}-01`, false],
    ['whose trace is all zero', `00-${'0'.repeat(32)}-${PARENT}-01`, false],
    ['whose parent is all zero', `00-${TRACE}-${'0'.repeat(16)}-01`, false],
    ['in capitals', `00-${TRACE.toUpperCase()}-${PARENT}-01`, false],
    ['that is absent', null, false],
  ];
  for (const [what, header, isTaken] of cases)
    test(`${what} is ${isTaken ? 'taken' : 'ignored'}`, () =>
      expect(parseTraceparent(header) !== undefined).toBe(isTaken));

  test('says by its lowest bit alone whether it is sampled', () => {
    expect(parseTraceparent(`00-${TRACE}-${PARENT}-03`)?.isSampled).toBe(true);
    expect(parseTraceparent(`00-${TRACE}-${PARENT}-02`)?.isSampled).toBe(false);
  });

  test('gets identifiers of the right length', () => {
    expect(randomHex(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(randomHex(8)).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('tracing', () => {
  const answer: Handler = () => new Response('x', { status: 503 });

  test('is not there when nobody asked for it', () => {
    const tracing = buildTracing(
      { otlpEndpoint: undefined, traceShare: 1, accessLogShare: 0 },
      buildLog('silent'),
    );
    expect(tracing.around(answer)).toBe(answer);
  });

  test('sends a sampled span to the collector, with its parent, and names it in the answer', async () => {
    const sent: unknown[] = [];
    const collector = Bun.serve({
      port: 0,
      fetch: async (request) => {
        sent.push([new URL(request.url).pathname, await request.json()]);
        return new Response();
      },
    });
    const tracing = buildTracing(
      { otlpEndpoint: `http://localhost:${collector.port}/`, traceShare: 0, accessLogShare: 0 },
      buildLog('silent'),
    );
    const handler = tracing.around(answer);
    const url = 'http://t/v2/models/nyc/versions/7/infer';
    const response = await handler(
      callOf(
        new Request(url, { method: 'POST', headers: { traceparent: `00-${TRACE}-${PARENT}-01` } }),
      ),
    );
    await handler(callOf(new Request(url)));
    await tracing.flush();
    await collector.stop(true);
    expect((response as Response).headers.get('traceresponse')).toMatch(
      new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`),
    );
    expect(sent).toHaveLength(1);
    const text = JSON.stringify(sent[0]);
    for (const part of ['/v1/traces', TRACE, PARENT, '"POST /v2/models/{model}/infer"', '"503"'])
      expect(text).toContain(part);
  });

  test('survives every host that a caller may name', async () => {
    const collector = Bun.serve({ port: 0, fetch: () => new Response() });
    const tracing = buildTracing(
      { otlpEndpoint: `http://localhost:${collector.port}/`, traceShare: 0, accessLogShare: 0 },
      buildLog('silent'),
    );
    const server = open(tracing.around(() => 'x'));
    for (const host of ['a:b:c', '[', ':', '%', 'a:99999', '::1', "!$&'()*+,;="]) {
      const fields = `traceparent: 00-${TRACE}-${PARENT}-01\r\nConnection: close\r\n`;
      const { heard, closed } = talk(server, `GET / HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`);
      await closed;
      expect(heard()).toStartWith('HTTP/1.1 200 ');
    }
    await tracing.flush();
    await collector.stop(true);
  });

  test('writes the access log with the trace, and neither body nor query', async () => {
    const lines: string[] = [];
    const log = buildLog('info', {}, 'json', (line) => lines.push(line));
    const handler = buildTracing(
      { otlpEndpoint: undefined, traceShare: 0, accessLogShare: 1 },
      log,
    ).around(answer);
    await handler(
      callOf(
        new Request('http://t/predict?airline=SECRET', {
          method: 'POST',
          body: 'SECRET',
          headers: { traceparent: `00-${TRACE}-${PARENT}-00` },
        }),
      ),
    );
    expect(JSON.parse(lines[0]!)).toMatchObject({
      severity: 'INFO',
      route: '/predict',
      status: 503,
      trace_id: TRACE,
    });
    expect(lines.join()).not.toContain('SECRET');
  });

  test('gives every path its template', () => {
    expect(routeOf('/predict')).toBe('/predict');
    expect(routeOf('/v2/models/nyc/ready')).toBe('/v2/models/{model}/ready');
    expect(routeOf('/wp-admin.php')).toBe('other');
  });

  test('writes times as nanoseconds in decimal text', () => {
    const text = JSON.stringify(
      encodeSpans([
        {
          traceId: TRACE,
          spanId: PARENT,
          parentId: undefined,
          name: 'x',
          startMs: 1_700_000_000_000.5,
          endMs: 1_700_000_000_001,
          attributes: {},
          isError: false,
        },
      ]),
    );
    expect(text).toContain('"startTimeUnixNano":"1700000000000500000"');
  });
});
