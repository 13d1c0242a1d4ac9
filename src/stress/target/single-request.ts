/**
 * One request on a connection of its own, in the very bytes that the load will send; read by the same scanner.
 */
import { closeCompletes, scanResponse } from '../generator/response-scanner.ts';
import { BROKEN, buildScanner, INCOMPLETE } from '../generator/scanner-state.ts';
import type { Target } from './target.ts';

export interface SingleResponse {
  readonly status: number;
  readonly location: string | undefined;
  /** Null where its end is not told by a length. */
  readonly body: Buffer | null;
}

export type SingleRequestFailure =
  | { readonly kind: 'refused' | 'silent' | 'endless' | 'closed' | 'cut-off' | 'not-http' }
  | { readonly kind: 'tls' | 'other'; readonly why: string };

export interface SingleRequestOptions {
  readonly timeoutMs: number;
  /** Whether a certificate that does not verify is refused. */
  readonly verifyTls: boolean;
  /** Whether the request is HEAD. */
  readonly bodiless: boolean;
}

export const sendSingleRequest = (
  target: Target,
  bytes: Uint8Array,
  options: SingleRequestOptions,
): Promise<SingleResponse | SingleRequestFailure> =>
  new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    let unwritten = bytes;
    const scanner = buildScanner(1, options.bodiless);
    const timer = setTimeout(
      () => settle({ kind: seen.length === 0 ? 'silent' : 'endless' }),
      options.timeoutMs,
    );
    const settle = (result: SingleResponse | SingleRequestFailure): void => {
      clearTimeout(timer);
      resolve(result);
      // The socket may not exist yet when the time is over; then it ends as soon as it opens.
      live?.terminate();
      isSettled = true;
    };
    let isSettled = false;
    let live: { terminate: () => void } | undefined;
    const send = (socket: { write: (part: Uint8Array) => number }): void => {
      const written = socket.write(unwritten);
      if (written > 0) unwritten = unwritten.subarray(written);
    };
    Bun.connect({
      hostname: target.addresses[0]!,
      port: target.port,
      ...(target.isTls
        ? { tls: { serverName: target.host, rejectUnauthorized: options.verifyTls } }
        : {}),
      socket: {
        open: (socket) => {
          live = socket;
          if (isSettled) socket.terminate();
          else if (!target.isTls) send(socket);
        },
        handshake: (socket, success, fault) => {
          if (!target.isTls) return;
          if (success || !options.verifyTls) send(socket);
          else settle({ kind: 'tls', why: codeOf(fault) });
        },
        drain: (socket) => {
          if (unwritten.length > 0) send(socket);
        },
        data: (_, chunk) => {
          if (isSettled) return;
          seen = Buffer.concat([seen, chunk]);
          scanner.phase[0] = 0;
          scanner.heads.clear();
          const end = scanResponse(scanner, 0, seen, 0);
          if (end === BROKEN) settle({ kind: 'not-http' });
          else if (end !== INCOMPLETE) {
            settle(responseOf(seen, scanner.status[0]!, scanner.bodyAt, end));
          }
        },
        close: () => {
          if (isSettled) return;
          if (closeCompletes(scanner, 0)) settle(responseOf(seen, scanner.status[0]!, -1, 0));
          else if (target.isTls && seen.length === 0) {
            settle({ kind: 'tls', why: 'closed during the handshake' });
          } else settle({ kind: seen.length === 0 ? 'closed' : 'cut-off' });
        },
        error: (_, fault) => settle({ kind: 'other', why: codeOf(fault) }),
        connectError: (_, fault) => settle(connectFailure(fault)),
      },
    }).catch((fault: unknown) => settle(connectFailure(fault)));
  });

const responseOf = (seen: Buffer, status: number, bodyAt: number, end: number): SingleResponse => ({
  status,
  location: /\r\nlocation:\s*([^\r\n]+)/i.exec(seen.toString('latin1'))?.[1],
  body: bodyAt >= 0 ? seen.subarray(bodyAt, end) : null,
});

const connectFailure = (fault: unknown): SingleRequestFailure => {
  const code = codeOf(fault);
  return code === 'ECONNREFUSED' ? { kind: 'refused' } : { kind: 'other', why: code };
};

const codeOf = (fault: unknown): string => {
  if (!(fault instanceof Error)) return 'no reason given';
  return 'code' in fault && typeof fault.code === 'string' ? fault.code : fault.message;
};
