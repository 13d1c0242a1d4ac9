/**
 * One request on a connection of its own, in the very bytes that the load will send; read by the same scanner.
 */
import type { SocketHandler } from 'bun';
import { readResponse } from '../response/reference.ts';
import { closeCompletes, scanResponse } from '../response/scanner.ts';
import { BROKEN, buildScanner, INCOMPLETE, TOO_LONG } from '../response/scanner-state.ts';
import { tlsOptionsOf } from '../messages.ts';
import type { Target } from './target.ts';

export interface SingleResponse {
  readonly status: number;
  readonly location: string | undefined;
  /** Status line and header fields. */
  readonly head: string;
  readonly body: Buffer;
}

export type SingleRequestFailure =
  | { readonly kind: 'refused' | 'silent' | 'endless' | 'closed' | 'cut-off' | 'not-http' }
  | { readonly kind: 'tls' | 'not-http2' | 'other'; readonly why: string };

interface SingleRequestOptions {
  readonly timeoutMs: number;
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
    const handlers: SocketHandler<undefined> = {
      open: (socket) => {
        live = socket;
        if (isSettled) socket.terminate();
        else if (!target.isTls) send(socket);
      },
      handshake: (socket, success, fault) => {
        if (!target.isTls) return;
        if (success || !(target.tls?.verify ?? true)) send(socket);
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
        if (end === BROKEN || end === TOO_LONG) settle({ kind: 'not-http' });
        else if (end !== INCOMPLETE) {
          settle(responseOf(seen.subarray(0, end), scanner.status[0]!, options.bodiless));
        }
      },
      close: () => {
        if (isSettled) return;
        if (closeCompletes(scanner, 0)) {
          settle(responseOf(seen, scanner.status[0]!, options.bodiless));
        } else if (target.isTls && seen.length === 0) {
          settle({ kind: 'tls', why: 'closed during the handshake' });
        } else settle({ kind: seen.length === 0 ? 'closed' : 'cut-off' });
      },
      error: (_, fault) => settle({ kind: 'other', why: codeOf(fault) }),
      connectError: (_, fault) => settle(connectFailure(fault)),
    };
    const tls = target.tls && tlsOptionsOf(target.tls);
    const common = { socket: handlers, data: undefined, ...(tls ? { tls } : {}) };
    const connecting =
      target.socketPath === null
        ? Bun.connect({ ...common, hostname: target.addresses[0]!, port: target.port })
        : Bun.connect({ ...common, unix: target.socketPath });
    connecting.catch((fault: unknown) => settle(connectFailure(fault)));
  });

const responseOf = (bytes: Buffer, status: number, bodiless: boolean): SingleResponse => {
  const text = bytes.toString('latin1');
  const answer = readResponse(text, bodiless, true);
  const head = answer?.head ?? '';
  return {
    status,
    location: /\r\nlocation:\s*([^\r\n]+)/i.exec(head)?.[1],
    head,
    body: Buffer.from(answer?.body ?? '', 'latin1'),
  };
};

const connectFailure = (fault: unknown): SingleRequestFailure => {
  const code = codeOf(fault);
  return code === 'ECONNREFUSED' || code === 'ENOENT'
    ? { kind: 'refused' }
    : { kind: 'other', why: code };
};

const codeOf = (fault: unknown): string => {
  if (!(fault instanceof Error)) return 'no reason given';
  return 'code' in fault && typeof fault.code === 'string' ? fault.code : fault.message;
};
