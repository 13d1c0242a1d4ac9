/**
 * How soon is the page there, how large is it, and how often a second can it be had, beside nginx with the same file?
 * `npx bun bench/page.ts [SECONDS]`; needs wrk, nginx and a browser (see `test/browser/chromium.ts`). With 0 seconds the
 * first paint alone.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { storeModel } from '../src/core/model-store.ts';
import { findBrowser } from '../test/browser/chromium.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { beginNginxFile, beginPuntual, scratchDir } from './lib/http-peers.ts';
import { alternate, calm, printFigures, printMachine, versionLine } from './lib/measure.ts';
import { runWrk } from './lib/wrk.ts';

const seconds = Number(process.argv[2] ?? 5);
const LOADS = 9;
const ROUNDS = 3;
const WINDOW_SETTLES_MS = 1_500;

printMachine({
  wrk: versionLine('wrk', '-v').replace(/^wrk (\S+).*/, '$1'),
  nginx: versionLine('nginx', '-v').replace(/.*nginx\//, ''),
});
storeModel(scratchDir, buildPlantedModel({ nTrees: 100, nLeaves: 31, name: 'bench' }), new Date());
const puntual = await beginPuntual(scratchDir, 'puntual serve', '--workers', '2');
const url = `http://127.0.0.1:${puntual.port}`;

const packedOf = async (path: string): Promise<Uint8Array> => {
  const response = await fetch(url + path, {
    headers: { 'accept-encoding': 'gzip' },
    decompress: false,
  });
  return new Uint8Array(await response.arrayBuffer());
};
const page = await packedOf('/');
console.log('\n| as gzip | bytes |\n|---|---:|');
let total = 0;
for (const path of ['/', '/assets/page.js', '/assets/page.css', '/assets/icon.svg']) {
  const { length } = await packedOf(path);
  total += length;
  console.log(`| ${path} | ${length.toLocaleString('en')} |`);
}
console.log(`| all | ${total.toLocaleString('en')} |`);

const browser = await chromium.launch({
  ...(await findBrowser()),
  // Without the errands that a browser runs for itself beside the page.
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
const paintOf = async (address: string): Promise<number> => {
  // A context of its own: nothing is cached.
  const context = await browser.newContext();
  const tab = await context.newPage();
  // A new window loads parts of the browser's own surface: it is asked for a page when it has settled.
  await tab.goto('about:blank');
  await Bun.sleep(WINDOW_SETTLES_MS);
  await tab.goto(address);
  const at = (await tab.evaluate(`new Promise((resolve) => {
    const [first] = performance.getEntriesByName('first-contentful-paint');
    if (first) return resolve(first.startTime);
    new PerformanceObserver((list, observer) => {
      const [entry] = list.getEntriesByName('first-contentful-paint');
      if (entry) { observer.disconnect(); resolve(entry.startTime); }
    }).observe({ type: 'paint', buffered: true });
  })`)) as number;
  await context.close();
  return at;
};
// What the browser takes for a page of one word, without script or style.
const word = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: () => new Response('<!doctype html>word', { headers: { 'content-type': 'text/html' } }),
});
await calm(5_000);
const paints = await alternate(
  [
    { name: 'the page', run: () => paintOf(url) },
    { name: 'a page of one word', run: () => paintOf(word.url.href) },
  ],
  LOADS,
);
await word.stop();
const version = browser.version();
await browser.close();
console.log(`\nFirst contentful paint in Chromium ${version}, in an open window, nothing cached`);
for (const { name, median, min, max } of paints)
  console.log(`${name}: median ${median.toFixed(0)} ms (${min.toFixed(0)} to ${max.toFixed(0)})`);

if (seconds === 0) {
  await puntual.stop();
  process.exit();
}
const script = join(scratchDir, 'gzip.lua');
writeFileSync(script, 'wrk.headers["Accept-Encoding"] = "gzip"\n');
const services = [puntual, await beginNginxFile(page, 'index.html')];
const figures = await alternate(
  services.map(({ name, port }) => ({
    name,
    run: async () => {
      await calm(2_000);
      const run = await runWrk(port, { connections: 400, threads: 12, seconds, path: '/', script });
      if (run.refused + run.socketErrors > 0) throw new Error(`${name}: ${JSON.stringify(run)}`);
      return run.perSecond;
    },
  })),
  ROUNDS,
);
await Promise.all(services.map((service) => service.stop()));
console.log(`\nwrk -t12 -c400 -d${seconds}s, GET /, ${page.length} bytes of gzip\n`);
printFigures(figures, 'answers/s', services[1]!.name);
