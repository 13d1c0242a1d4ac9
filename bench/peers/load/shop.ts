/**
 * A shop that writes down when it was asked what: `bun shop.ts PORT LOG`; a line for each request, `MILLISECONDS PATH`,
 * milliseconds since 1970. Whoever logs in gets a token, and is asked for it afterwards.
 */
import { createWriteStream } from 'node:fs';

const [port, path = '/dev/null'] = process.argv.slice(2);
const log = createWriteStream(path, { flags: 'a' });
let nTokens = 0;
Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  idleTimeout: 0,
  fetch: (request) => {
    const { pathname } = new URL(request.url);
    log.write(`${(performance.timeOrigin + performance.now()).toFixed(1)} ${pathname}\n`);
    if (pathname === '/login') return Response.json({ token: `t${nTokens++}` });
    const isKnown = pathname !== '/buy' || request.headers.has('authorization');
    return new Response('ok', { status: isKnown ? 200 : 401 });
  },
});
