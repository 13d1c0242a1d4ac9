/**
 * The slow twin of the room: the same handlers over the runtime's own HTTP server, with real requests and responses.
 * It has no timeouts. `differential.test.ts` holds both equal.
 */
import { type Answer, type Call, type Handlers, isStreamed, lasting, withHeaders } from './call.ts';
import { parseErrorOf } from './parse-errors.ts';
import { tooLarge } from './request-body.ts';

interface ReferenceServer {
  readonly port: number;
  readonly stop: () => Promise<void>;
}

export const openReferenceServer = (
  hostname: string,
  port: number,
  handlers: Handlers,
): ReferenceServer => {
  const server = Bun.serve({
    hostname,
    port,
    reusePort: true,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    error: handlers.failed,
    fetch: async (request) => responseOf(await lasting(handlers.answer(callOf(request)))),
  });
  return { port: server.port!, stop: () => server.stop(true) };
};

export const callOf = (request: Request): Call => {
  const { url, method } = request;
  const pathAt = url.indexOf('/', url.indexOf(':') + 3);
  const queryAt = url.indexOf('?', pathAt);
  return {
    method,
    path: queryAt < 0 ? url.slice(pathAt) : url.slice(pathAt, queryAt),
    query: queryAt < 0 ? '' : url.slice(queryAt + 1),
    headMark: 0,
    header: (name) => request.headers.get(name),
    peer: () => '',
    origin: () => new URL(url).origin,
    bytes: (limitBytes) => bytesOf(request, limitBytes),
    inPlace: () => undefined,
    parts: () => partsOf(request.body),
    signal: () => request.signal,
  };
};

const responseOf = (given: Answer): Response => {
  const answer = withHeaders(given);
  if (!isStreamed(answer)) return answer;
  const { status, headers, parts } = answer;
  const iterator = parts[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => {
        await iterator.return?.();
      },
    },
    { highWaterMark: 1 },
  );
  return new Response(body, { status, headers });
};

type Body = ReadableStream<Uint8Array<ArrayBuffer>> | null;

const bytesOf = async (request: Request, limitBytes: number): Promise<Uint8Array<ArrayBuffer>> => {
  const length = request.headers.get('content-length');
  if (length !== null && Number(length) > limitBytes) throw tooLarge(limitBytes);
  const parts: Uint8Array[] = [];
  let nBytes = 0;
  for await (const part of partsOf(request.body)) {
    nBytes += part.length;
    if (nBytes > limitBytes) throw tooLarge(limitBytes);
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts, nBytes));
};

async function* partsOf(body: Body): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  if (body === null) return;
  try {
    yield* body;
  } catch {
    throw parseErrorOf('body-ended');
  }
}
