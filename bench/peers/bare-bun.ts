/**
 * The least that a JSON service on this runtime can do: parse the body, answer a constant.
 * Usage: bun bare-bun.ts PORT ANSWER
 */
const [port, answer] = [Number(process.argv[2]), process.argv[3]!];
const headers = { 'content-type': 'application/json' };

Bun.serve({
  hostname: '127.0.0.1',
  port,
  reusePort: true,
  development: false,
  fetch: async (request) => {
    JSON.parse(await request.text());
    return new Response(answer, { headers });
  },
});
