import { afterAll, expect, test } from 'bun:test';
import { post, talk } from '../../../test/http-talk.ts';
import { PLANTED_FLIGHT } from '../../../test/planted.ts';
import { startPlantedService } from '../../../test/planted-service.ts';
import { blocks, STEP_BYTES } from '../../host/blocks.ts';

const service = startPlantedService();
afterAll(() => service.stop());
const server = { port: Number(new URL(service.url).port) };

const AIRPORTS = ['ATL', 'BOS', 'LAX', 'MIA', 'ORD', 'SFO', 'XXX'];
const TIMES = 60;
/** Flights of one caller: other miles than those of all others, some with a value that was never seen. */
const flightsOf = (caller: number) =>
  AIRPORTS.map((destination, i) => ({
    ...PLANTED_FLIGHT,
    destination,
    distanceMiles: caller * AIRPORTS.length + i - 20,
    unasked: 'x'.repeat(caller * 7),
  }));
const answerTo = async (body: string): Promise<string> => {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${service.url}/predict`, { method: 'POST', headers, body })).text();
};
const batchOf = (flights: readonly unknown[]): string =>
  `{"flights":[${Array(TIMES)
    .fill(flights.map((flight) => JSON.stringify(flight)).join())
    .join()}]}`;

/** Sizes of what the batches here lie in. */
const STEPS = Array.from({ length: 10 }, (_, i) => i + 1);

test('what a batch, its numbers and its answer lay in is free again when it is answered', async () => {
  const takeAll = (): Uint8Array[] =>
    [...STEPS, 4, 4].map((nSteps) => blocks.take(nSteps * STEP_BYTES));
  const all = takeAll();
  for (const block of all) blocks.give(block.fill(90));
  const buffers = all.map(({ buffer }) => buffer);
  const areFree = (): boolean => {
    const free = takeAll();
    for (const block of free) blocks.give(block);
    return free.every(({ buffer }) => buffers.includes(buffer));
  };
  const distanceMiles = 777.25;
  const flight = JSON.stringify({ ...PLANTED_FLIGHT, distanceMiles, unasked: 'x'.repeat(60) });
  const answer = await answerTo(`{"flights":[${Array(600).fill(flight).join()}]}`);
  expect(answer).toEndWith('"model":{"name":"planted","version":"v1"}}');
  while (!areFree()) await new Promise((resolve) => setImmediate(resolve));
  const holders = (bytes: Uint8Array): number =>
    all.filter((block) => Buffer.from(block.buffer).includes(bytes)).length;
  expect(holders(Buffer.from('"unasked":'))).toBeGreaterThan(0);
  expect(holders(Buffer.from('"threshold":'))).toBe(2);
  expect(holders(new Uint8Array(Float64Array.of(distanceMiles).buffer))).toBe(1);
});

/** Writes over whatever may be taken, between turns, until it is told to stop. */
const spoil = (): (() => void) => {
  let isOver = false;
  const fill = (): void => {
    const taken = STEPS.map((nSteps) => blocks.take(nSteps * STEP_BYTES).fill(90));
    for (const block of taken) blocks.give(block);
    if (!isOver) setImmediate(fill);
  };
  fill();
  return () => {
    isOver = true;
  };
};

test('batches that come and are answered in pieces, at the same time, are each answered with their own; some callers leave', async () => {
  const stop = spoil();
  const ask = async (caller: number): Promise<void> => {
    const flights = flightsOf(caller);
    const alone = await Promise.all(flights.map((flight) => answerTo(JSON.stringify(flight))));
    const rows = alone.map((text) => text.replace(/,"model":.*$/, '}')).join();
    const model = /"model":.*$/.exec(alone[0]!)![0];
    const expected = `{"predictions":[${Array(TIMES).fill(rows).join()}],${model}`;
    const request = post('/predict', batchOf(flights));
    const { socket, until, closed } = talk(server);
    const size = 20_000 + caller * 3000;
    const isLeaving = caller % 4 === 3;
    for (let at = 0; at < request.length; at += size) {
      if (isLeaving && at > request.length / 2) {
        socket.destroy();
        await closed;
        return;
      }
      await new Promise<void>((resolve) =>
        socket.write(request.slice(at, at + size), () => resolve()),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    const heard = await until('"model":');
    expect(heard.slice(heard.indexOf('\r\n\r\n') + 4)).toBe(expected);
    socket.destroy();
  };
  await Promise.all(Array.from({ length: 12 }, (_, caller) => ask(caller)));
  stop();
});
