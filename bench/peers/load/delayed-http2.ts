/**
 * A service over HTTP/2 without TLS whose answers take 5, 10, 20, 40 or 60 ms in turn: `bun delayed-http2.ts PORT`.
 */
const DELAYS_MS = [5, 10, 20, 40, 60];
let n = 0;
Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  http2: true,
  idleTimeout: 0,
  fetch: async () => {
    await Bun.sleep(DELAYS_MS[n++ % DELAYS_MS.length]!);
    return new Response('hello');
  },
});
