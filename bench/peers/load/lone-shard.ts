/**
 * One shard of the generator without its coordinator: `bun lone-shard.ts PORT SECONDS kept|none` prints answers per second.
 * With `none` its recorder counts requests in flight and answers, and records nothing else.
 */
import { buildRecorder, type Recorder } from '../../../src/stress/generator/recorder.ts';
import { buildShard } from '../../../src/stress/generator/shard.ts';
import { buildTally } from '../../../src/stress/generator/tally.ts';

const [port, seconds, kind] = process.argv.slice(2);
const N_CONNECTIONS = 64;
const START_IN_MS = 50;
const REQUEST = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;

let nAnswers = 0;
let nBusy = 0;
const kept = buildRecorder();
const nothing = (): void => {};
const none: Recorder = {
  tally: buildTally(),
  get nBusy() {
    return nBusy;
  },
  begin: nothing,
  end: nothing,
  count: nothing,
  connected: nothing,
  planned: nothing,
  looked: nothing,
  sent: () => {
    nBusy++;
  },
  answered: () => {
    nBusy--;
    nAnswers++;
  },
  lost: () => {
    nBusy--;
  },
  recalled: nothing,
  unsent: nothing,
  unsendable: nothing,
  walked: nothing,
  isTickOver: () => false,
  take: (t) => ({ ...kept.take(t), second: 0 }),
};

const shard = buildShard(
  {
    shard: 0,
    place: 0,
    nPlaces: 1,
    addresses: ['127.0.0.1'],
    port: Number(port),
    socketPath: null,
    tls: null,
    nConnections: N_CONNECTIONS,
    http2: null,
    journey: null,
    requests: [Buffer.from(REQUEST).toString('base64')],
    golden: [],
    bodiless: [],
    names: ['all'],
    nameOf: [],
    expect: { statuses: null, body: null },
    seed: 1,
    keepAlive: true,
    timeoutMs: 5000,
    connectsAtOnce: N_CONNECTIONS,
  },
  (message) => {
    if (message.kind === 'opened' && message.done) {
      shard.start({
        startAtMs: Date.now() + START_IN_MS,
        load: null,
        durationMs: Number(seconds) * 1000,
        maxRequests: null,
        warmUpMs: 0,
        graceMs: 500,
      });
    }
    if (message.kind !== 'tick') return;
    nAnswers += kind === 'kept' ? message.tally.counters.ok : 0;
    if (!message.last) return;
    console.log((nAnswers / Number(seconds)).toFixed(0));
    process.exit(0);
  },
  { recorder: kind === 'kept' ? kept : none },
);
shard.grow(N_CONNECTIONS);
