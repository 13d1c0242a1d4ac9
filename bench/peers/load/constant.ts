/** A service that answers a constant; `bun constant.ts PORT [SPIN_US]` spends some time of the processor before. */
export {};

const [port, spinUs] = process.argv.slice(2);
const spinMs = Number(spinUs ?? 0) / 1000;
Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  fetch: () => {
    const end = performance.now() + spinMs;
    while (spinMs > 0 && performance.now() < end);
    return new Response('hello');
  },
});
