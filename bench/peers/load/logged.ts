/**
 * A service that logs every answer, one byte each, so that a killed one has told the truth:
 * `bun logged.ts PORT LOG [DELAY_MS] [HANG_EVERY]`.
 */
import { openSync, writeSync } from 'node:fs';

const [port, path = '/dev/null', delayMs = '0', hangEvery = '0'] = process.argv.slice(2);
const log = openSync(path, 'a');
const every = Number(hangEvery);
let n = 0;
Bun.serve({
  hostname: '127.0.0.1',
  port: Number(port),
  idleTimeout: 0,
  fetch: async () => {
    n++;
    if (every > 0 && n % every === 0) await Bun.sleep(600_000);
    if (Number(delayMs) > 0) await Bun.sleep(Number(delayMs));
    writeSync(log, '.');
    return new Response('hello');
  },
});
