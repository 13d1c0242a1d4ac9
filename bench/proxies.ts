/**
 * Can anything be smuggled past a proxy to our HTTP layer, or shift its answers? Broken and ambiguous requests go
 * through nginx and through haproxy, which keep their connections to us open and share them among callers. What the
 * proxy forwards it marks; a request that arrives without the mark was smuggled. Beside them a good caller asks, and
 * every answer must be the one to its own question.
 * `npx bun bench/proxies.ts [REQUESTS] [SEED]`; needs nginx and haproxy; ends with 1 when anything went wrong.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildRandom } from '../src/core/random.ts';
import { openHttp } from '../src/http/server.ts';
import { makeStream } from '../test/http-bytes.ts';
import { printMachine } from './lib/measure.ts';

const nRequests = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const AT_ONCE = 128;
const SILENCE_MS = 60;
const BODY_LIMIT_BYTES = 2 ** 20;
const MARK = 'x-proxied';
printMachine();

const dir = mkdtempSync(join(tmpdir(), 'puntual-proxies-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
const random = buildRandom(seed);
const below = (n: number): number => Math.floor(random() * n);
const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;

let nArrived = 0;
const smuggled: string[] = [];
const backend = openHttp({
  hostname: '127.0.0.1',
  port: 0,
  limits: { requestMs: 2000, idleMs: 60_000 },
  handlers: {
    answer: async (call) => {
      nArrived++;
      if (call.header(MARK) === null) smuggled.push(`${call.method} ${call.path}?${call.query}`);
      const body = await call.bytes(BODY_LIMIT_BYTES);
      return JSON.stringify({ asked: call.query, nBytes: body.length });
    },
    refused: ({ code }) => JSON.stringify({ code }),
    failed: (error) => new Response(error.message, { status: 500 }),
    onShed: () => {},
  },
});

const freePort = (): number => {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } });
  const { port } = server;
  server.stop();
  return port;
};

interface Proxy {
  readonly name: string;
  readonly port: number;
  readonly command: readonly string[];
}

const nginx = (): Proxy => {
  const port = freePort();
  const own = join(dir, 'nginx');
  mkdirSync(own);
  writeFileSync(
    join(own, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${own}/pid; error_log ${own}/error.log crit;
events { worker_connections 4096; }
http { access_log off; client_body_temp_path ${own}/a; proxy_temp_path ${own}/b; fastcgi_temp_path ${own}/c;
uwsgi_temp_path ${own}/d; scgi_temp_path ${own}/e;
upstream service { server 127.0.0.1:${backend.port}; keepalive 32; }
server { listen 127.0.0.1:${port}; ignore_invalid_headers off; location / { proxy_pass http://service;
proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Proxied 1; proxy_request_buffering off; } } }\n`,
  );
  return {
    name: 'nginx',
    port,
    command: ['nginx', '-p', own, '-c', join(own, 'nginx.conf'), '-e', `${own}/error.log`],
  };
};

const haproxy = (): Proxy => {
  const port = freePort();
  const path = join(dir, 'haproxy.cfg');
  writeFileSync(
    path,
    `global
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
frontend in
  bind 127.0.0.1:${port}
  http-request set-header X-Proxied 1
  default_backend service
backend service
  http-reuse always
  server one 127.0.0.1:${backend.port}\n`,
  );
  return { name: 'haproxy', port, command: ['haproxy', '-db', '-f', path] };
};

const LENGTHS = [
  'Content-Length: N',
  'Content-Length: +N',
  'Content-Length: N, N',
  'content-length: 0N',
  'Content-Length:\tN',
  'Content-Length : N',
  'Content-Length: N\r\nContent-Length: 4',
  'Content_Length: N',
  'Content-Length: 0',
];
const CODINGS = [
  'Transfer-Encoding: chunked',
  'Transfer-Encoding:chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding:\tchunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
  'X: a\nTransfer-Encoding: chunked',
  'X: a\rTransfer-Encoding: chunked',
  ' Transfer-Encoding: chunked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer_Encoding: chunked',
  'Transfer-Encoding: "chunked"',
  'Connection: Content-Length',
  'Connection: Transfer-Encoding, X-Proxied',
  'Connection: X-Proxied',
  'Expect: 100-continue',
  'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings',
];
const PATHS = [
  '/a',
  '/a/../b',
  '//a',
  '/a%2f..%2fb',
  '/a\\..\\b',
  '/a;x',
  '/%2e%2e/a',
  'http://other/a',
  '/a?b=/../c',
];

/** A request whose body or tail holds another one, framed in a way that two readers may understand differently. */
const smuggling = (): string => {
  const hidden = `GET /smuggled?n=${below(1e6)} HTTP/1.1\r\nHost: t\r\nX: `;
  const inner = pick([hidden, `0\r\n\r\n${hidden}`, `\r\n${hidden}`, `${hidden}y\r\n\r\n`]);
  const chunk = `${pick([inner.length.toString(16), `0${inner.length.toString(16)}`, '0', '1', `${inner.length.toString(16)};a=b`, `${inner.length.toString(16)} `, `0x${inner.length.toString(16)}`])}\r\n`;
  const body = pick([
    inner,
    `${chunk}${inner}\r\n0\r\n\r\n`,
    `0\r\n\r\n${inner}`,
    `${chunk}${inner}`,
  ]);
  const fields: string[] = [];
  for (let n = 1 + below(3); n > 0; n--) fields.push(pick(random() < 0.5 ? LENGTHS : CODINGS));
  const named = fields.join('\r\n').replaceAll('N', `${pick([body.length, inner.length, 4, 0])}`);
  const version = random() < 0.9 ? 'HTTP/1.1' : pick(['HTTP/1.0', 'HTTP/1.1 ', 'HTTP/0.9']);
  return `${pick(['POST', 'GET', 'HEAD', 'PUT'])} ${pick(PATHS)} ${version}\r\nHost: t\r\n${named}\r\n\r\n${body}`;
};

/** Sends bytes; resolves when the connection has ended or nothing has come for a while. */
const send = (port: number, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => {
    let timer = setTimeout(() => finish(), SILENCE_MS * 3);
    let socket: { terminate: () => void } | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      resolve();
      socket?.terminate();
    };
    Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: (own) => {
          socket = own;
          own.write(bytes);
        },
        data: () => {
          clearTimeout(timer);
          timer = setTimeout(finish, SILENCE_MS);
        },
        close: finish,
        error: () => {},
      },
    }).catch(finish);
  });

interface GoodCaller {
  readonly nAsked: number;
  readonly nOther: number;
  readonly wrong: readonly string[];
}

/** Asks with a number of its own each time, on kept connections, and compares. */
const askWell = async (port: number, goesOn: () => boolean): Promise<GoodCaller> => {
  let nAsked = 0;
  let nOther = 0;
  const wrong: string[] = [];
  const one = async (): Promise<void> => {
    while (goesOn()) {
      const asked = `good=${nAsked++}`;
      const body = 'x'.repeat(below(300));
      const response = await fetch(`http://127.0.0.1:${port}/good?${asked}`, {
        method: 'POST',
        body,
      });
      const text = await response.text();
      const expected = JSON.stringify({ asked, nBytes: body.length });
      if (response.status !== 200) nOther++;
      else if (text !== expected) wrong.push(`${asked}: ${text.slice(0, 200)}`);
    }
  };
  await Promise.all(Array.from({ length: 4 }, one));
  return { nAsked, nOther, wrong };
};

console.log(
  `\n| through | hostile requests | arrived | without the mark | asked by the good caller | answered wrongly | not 200 |\n|---|---:|---:|---:|---:|---:|---:|`,
);
let isWrong = false;
for (const { name, port, command } of [nginx(), haproxy()]) {
  const proxy = Bun.spawn([...command], { stdio: ['ignore', 'ignore', 'pipe'] });
  const isUp = async (): Promise<boolean> => {
    try {
      return (await fetch(`http://127.0.0.1:${port}/up`)).ok;
    } catch {
      return false;
    }
  };
  for (let tries = 0; !(await isUp()); tries++) {
    if (tries > 100)
      throw new Error(`${name} did not start: ${await new Response(proxy.stderr).text()}`);
    await Bun.sleep(50);
  }
  nArrived = 0;
  smuggled.length = 0;
  let nSent = 0;
  let isGoing = true;
  const good = askWell(port, () => isGoing);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (nSent < nRequests) {
        const isStream = random() < 0.4;
        const stream = isStream ? makeStream({ below }) : undefined;
        const bytes =
          stream?.bytes ?? Buffer.from(smuggling() + (random() < 0.3 ? smuggling() : ''), 'latin1');
        nSent += stream?.nRequests ?? 1;
        await send(port, bytes);
      }
    }),
  );
  isGoing = false;
  const { nAsked, nOther, wrong } = await good;
  isWrong ||= smuggled.length > 0 || wrong.length > 0;
  console.log(
    `| ${name} | ${nSent} | ${nArrived - nAsked} | ${smuggled.length} | ${nAsked} | ${wrong.length} | ${nOther} |`,
  );
  for (const line of [...smuggled.slice(0, 5), ...wrong.slice(0, 5)]) console.log(`\n${line}\n`);
  proxy.kill();
  await proxy.exited;
}
process.exit(isWrong ? 1 : 0);
