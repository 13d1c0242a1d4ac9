/**
 * `/service` and `/service/events`: the state of the service for the page, every second as server-sent events;
 * `/service/reports`: the last stress reports. It only reads, and only where it may be seen.
 *
 * @source https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { AppError } from '../../core/errors.ts';
import type { Call, Streamed } from '../../http/call.ts';
import type { ServeConfig } from '../config.ts';
import type { ServeContext } from '../context.ts';
import { REPORT_HEADERS } from '../documents/browser-headers.ts';
import { listStressReports, readStressReport } from '../documents/stress-reports.ts';
import type { Endpoint } from '../endpoint.ts';
import { buildValueReader } from '../formats/query.ts';

const fileIn = buildValueReader('file');

const EVERY_MS = 1000;
/** Of one worker; more would cost what predictions need. */
const WATCHERS_AT_MOST = 16;

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1)$/i;
/** The name in an origin; a caller may write anything there, also what is no address. */
const NAME = /^https?:\/\/(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/;
/** What a proxy adds: behind one, the caller is somewhere else. */
const PROXY_FIELDS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/**
 * Whether this caller may see it: always, never, or, left to itself, where service and caller are on one machine.
 */
const mayBeSeen = ({ serviceView, host }: ServeConfig, call: Call): boolean => {
  if (serviceView !== 'auto') return serviceView === 'on';
  const [, address, name = address] = NAME.exec(call.origin()) ?? [];
  return (
    LOOPBACK.test(host) &&
    // Whom a caller does not name is nobody that is let in, though an answer may call it localhost.
    call.header('host') !== null &&
    call.header('host') !== '' &&
    name !== undefined &&
    LOOPBACK.test(name) &&
    PROXY_FIELDS.every((field) => call.header(field) === null)
  );
};

export const buildService = (context: ServeContext): Readonly<Record<string, Endpoint>> => {
  const { serviceFeed, config, state } = context;
  let nWatchers = 0;
  const open = (call: Call): NonNullable<typeof serviceFeed> => {
    if (serviceFeed === undefined || !mayBeSeen(config, call))
      throw new AppError('not-found', 'this service does not show its state: see --service-view');
    return serviceFeed;
  };
  const report = async (file: string): Promise<Response> => {
    const page = await readStressReport(config.reportsDir, file);
    if (page === undefined)
      throw new AppError(
        'not-found',
        `there is nothing at /service/reports?file=${file.slice(0, 100)}`,
      );
    return new Response(page, { headers: REPORT_HEADERS });
  };
  return {
    '/service': {
      label: '/service',
      GET: async (call) =>
        new Response(await open(call).next(), {
          headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
        }),
    },
    '/service/reports': {
      label: '/service/reports',
      GET: async (call) => {
        open(call);
        const file = fileIn(call.query);
        if (file !== null) return report(file);
        return Response.json(
          { reports: await listStressReports(config.reportsDir) },
          { headers: { 'cache-control': 'no-store' } },
        );
      },
    },
    '/service/events': {
      label: '/service/events',
      GET: (call): Streamed => {
        const feed = open(call);
        if (nWatchers >= WATCHERS_AT_MOST)
          throw new AppError('overloaded', `${WATCHERS_AT_MOST} callers watch this worker already`);
        const gone = call.signal();
        const events = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
          const encoder = new TextEncoder();
          nWatchers++;
          try {
            // A worker that ends must not wait for those who watch it.
            while (!gone.aborted && state() !== 'draining') {
              yield encoder.encode(`data: ${await feed.next()}\n\n`);
              await Bun.sleep(EVERY_MS);
            }
          } finally {
            nWatchers--;
          }
        };
        return {
          status: 200,
          headers: new Headers({
            'content-type': 'text/event-stream',
            'cache-control': 'no-store',
            'x-accel-buffering': 'no',
          }),
          parts: events(),
        };
      },
    },
  };
};
