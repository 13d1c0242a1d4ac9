/**
 * One request over HTTP/2 on a connection of its own, by the runtime's own client: what is asked before the load.
 */
import { type ClientHttp2Stream, connect, type Settings } from 'node:http2';
import { connect as connectTcp, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Request, streamFields } from '../payload/request.ts';
import type { SingleRequestFailure, SingleResponse } from './single-request.ts';
import type { Target } from './target.ts';

/** An answer, and how many requests the service takes at once on one connection. */
interface StreamedResponse extends SingleResponse {
  readonly maxStreams: number;
}

export const sendSingleStream = (
  target: Target,
  request: Request,
  timeoutMs: number,
): Promise<StreamedResponse | SingleRequestFailure> =>
  new Promise((resolve) => {
    const place =
      target.socketPath === null
        ? { host: target.addresses[0]!, port: target.port }
        : { path: target.socketPath };
    const { tls } = target;
    const socket = tls
      ? connectTls({
          ...place,
          // An address is no name that could be asked for.
          ...(isIP(tls.serverName) ? {} : { servername: tls.serverName }),
          rejectUnauthorized: tls.verify,
          ALPNProtocols: ['h2'],
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          ...(tls.cert === undefined ? {} : { cert: tls.cert }),
          ...(tls.key === undefined ? {} : { key: tls.key }),
        })
      : connectTcp(place);
    let hasBegun = false;
    let stream: ClientHttp2Stream | undefined;
    let isSettled = false;
    const settle = (result: StreamedResponse | SingleRequestFailure): void => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      resolve(result);
      socket.destroy();
    };
    const timer = setTimeout(() => settle({ kind: hasBegun ? 'endless' : 'silent' }), timeoutMs);
    socket.on('error', (fault: NodeJS.ErrnoException) => settle(failureOf(fault, tls !== null)));
    const ask = (): void => {
      const session = connect(target.url.origin, { createConnection: () => socket });
      const fail = (fault: Error): void =>
        settle(hasBegun ? { kind: 'cut-off' } : notHttp2(fault.message));
      session.on('error', fail);
      session.on('close', () => settle({ kind: hasBegun ? 'cut-off' : 'closed' }));
      session.once('remoteSettings', (settings: Settings) => {
        const maxStreams = settings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY;
        stream = session.request(Object.fromEntries(streamFields(request, target.url)), {
          endStream: request.body === null,
        });
        let status = 0;
        let location: string | undefined;
        const chunks: Buffer[] = [];
        stream.on('response', (head) => {
          hasBegun = true;
          status = Number(head[':status']);
          location = head['location'];
        });
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('error', fail);
        stream.on('end', () =>
          settle({ status, location, head: '', body: Buffer.concat(chunks), maxStreams }),
        );
        if (request.body !== null) stream.end(request.body);
      });
    };
    if (!tls) socket.once('connect', ask);
    else {
      socket.once('secureConnect', () => {
        if ('alpnProtocol' in socket && socket.alpnProtocol === 'h2') ask();
        else settle(notHttp2('it does not agree to it in the TLS handshake'));
      });
    }
  });

const notHttp2 = (why: string): SingleRequestFailure => ({ kind: 'not-http2', why });

const failureOf = (fault: NodeJS.ErrnoException, isTls: boolean): SingleRequestFailure => {
  const why = fault.code ?? fault.message;
  if (why === 'ECONNREFUSED' || why === 'ENOENT') return { kind: 'refused' };
  if (/alpn|no_application_protocol/i.test(`${why} ${fault.message}`)) {
    return notHttp2('it does not agree to it in the TLS handshake');
  }
  return isTls && !/^E[A-Z]+$/.test(why) ? { kind: 'tls', why } : { kind: 'other', why };
};
