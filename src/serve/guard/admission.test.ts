import { describe, expect, test } from 'bun:test';
import type { Call } from '../../http/call.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import type { Ticket } from '../context.ts';
import { buildAdmission, callerOf } from './admission.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const callFrom = (peer: string, signal = new AbortController().signal): Call =>
  ({ header: () => null, peer: () => peer, signal: () => signal }) as unknown as Call;
const admissionOf = (batchesInFlight = 16) =>
  buildAdmission({ ...DEFAULT_CONFIG, batchesInFlight });
const ticketOf = (given: Ticket | string): Ticket => {
  if (typeof given === 'string') throw new Error(`refused: ${given}`);
  return given;
};
const rows = (nRows: number, work: 'predict' | 'explain' = 'explain') =>
  ({ work, nRows, answerBytes: nRows * 600 }) as const;

describe('batches', () => {
  test('take turns: one slice in each turn of the event loop, in the order in which they came', async () => {
    const admission = admissionOf();
    const went: string[] = [];
    const batch = async (name: string, nSlices: number): Promise<void> => {
      const { pause } = ticketOf(admission.enterBatch(callFrom('one')));
      for (let slice = 0; slice < nSlices; slice++) {
        await pause();
        went.push(name);
      }
    };
    const all = [batch('a', 2), batch('b', 3), batch('c', 1)];
    for (let nTurns = 1; nTurns <= 6; nTurns++) {
      await turn();
      expect(went).toHaveLength(nTurns);
    }
    await Promise.all(all);
    expect(went.join('')).toBe('abcabb');
  });

  test('take turns caller by caller: who has many in flight is served as often as who has one', async () => {
    const admission = admissionOf();
    const went: string[] = [];
    const batch = async (name: string): Promise<void> => {
      const { pause } = ticketOf(admission.enterBatch(callFrom(name)));
      for (let slice = 0; slice < 3; slice++) {
        await pause();
        went.push(name);
      }
    };
    await Promise.all([batch('x'), batch('x'), batch('x'), batch('x'), batch('y')]);
    expect(went.slice(0, 6).join('')).toBe('xyxyxy');
  });

  test('beyond the bound are refused, before their bodies are read too; a single flight never is', () => {
    const admission = admissionOf(1);
    const ticket = ticketOf(admission.enterBatch(callFrom('one')));
    expect(admission.isFull()).toBe('queue-full');
    expect(admission.enterBatch(callFrom('one'))).toBe('queue-full');
    expect(admission.tryEnter()).toBeUndefined();
    ticket.leave();
    expect(admission.isFull()).toBeUndefined();
    ticketOf(admission.enterBatch(callFrom('one')));
  });

  test('are let in by what they cost: one large one, then no more of its caller, and room for another', () => {
    const admission = admissionOf();
    const enter = (peer: string) => ticketOf(admission.enterBatch(callFrom(peer)));
    const large = enter('one');
    expect(large.charge(rows(10_000))).toBeUndefined();
    expect(enter('one').charge(rows(100))).toBe('caller-busy');
    expect(enter('two').charge(rows(10_000))).toBeUndefined();
    expect(enter('three').charge(rows(100))).toBe('queue-full');
    expect(enter('three').charge(rows(0))).toBeUndefined();
    expect(admission.retryAfterSeconds()).toBe(4);
    expect(admission.isFull()).toBe('queue-full');
    large.done('explain', 10_000, 10_000);
    expect(enter('three').charge(rows(1000))).toBeUndefined();
  });

  test('give back what they had taken when they leave', () => {
    const admission = admissionOf();
    for (let i = 0; i < 100; i++) {
      const ticket = ticketOf(admission.enterBatch(callFrom('one')));
      expect(ticket.charge(rows(10_000))).toBeUndefined();
      ticket.done('explain', 7, 3);
      ticket.sent();
      ticket.leave();
    }
    expect(admission.inFlight()).toBe(0);
    expect(admission.retryAfterSeconds()).toBe(1);
  });

  test('cut their slices by what a row costs, so that each takes a millisecond or two', () => {
    const ticket = ticketOf(admissionOf().enterBatch(callFrom('one')));
    for (let i = 0; i < 100; i++) ticket.done('explain', 12, 8);
    expect(ticket.sliceRows('explain', 256)).toBe(2);
    for (let i = 0; i < 100; i++) ticket.done('explain', 1, 500);
    expect(ticket.sliceRows('explain', 256)).toBe(1);
    expect(ticket.sliceRows('predict', 256)).toBe(256);
  });

  test('cut shorter slices beside others, who wait for their turns or for a refusal', () => {
    const admission = admissionOf();
    const ticket = ticketOf(admission.enterBatch(callFrom('one')));
    for (let i = 0; i < 1000; i++) ticket.done('explain', 100, 13);
    expect(ticket.sliceRows('explain', 256)).toBe(11);
    expect(ticket.sliceMs()).toBe(1.5);
    const other = ticketOf(admission.enterBatch(callFrom('two')));
    expect(ticket.sliceRows('explain', 256)).toBe(7);
    expect(ticket.sliceMs()).toBe(1);
    other.leave();
    expect(ticket.sliceRows('explain', 256)).toBe(11);
  });

  test('are given up at the next slice after their caller has gone', async () => {
    const gone = new AbortController();
    const ticket = ticketOf(admissionOf().enterBatch(callFrom('one', gone.signal)));
    expect(await ticket.pause()).toBeUndefined();
    gone.abort();
    expect(await ticket.pause()).toBe('client-gone');
  });
});

test('streams take no place among the batches, however many are open', () => {
  const admission = admissionOf(1);
  for (let i = 0; i < 100; i++) ticketOf(admission.openStream(callFrom('one')));
  expect(admission.isFull()).toBeUndefined();
  ticketOf(admission.enterBatch(callFrom('one')));
});

describe('who calls', () => {
  const nameOf = (
    headers: Readonly<Record<string, string>>,
    config: Partial<typeof DEFAULT_CONFIG> = {},
  ): string =>
    callerOf(
      { header: (name) => headers[name] ?? null, peer: () => '10.0.0.1' },
      { ...DEFAULT_CONFIG, ...config },
    );
  const forwarded = { 'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.0.0.2' };

  test.each([
    ['its address, whatever it says of itself', forwarded, {}, '10.0.0.1'],
    [
      'what the proxy in front saw',
      { 'x-forwarded-for': '6.6.6.6, 203.0.113.7' },
      { proxies: 1 },
      '203.0.113.7',
    ],
    ['what the outer of two proxies saw', forwarded, { proxies: 2 }, '203.0.113.7'],
    ['its address, when it passed by the proxy', {}, { proxies: 1 }, '10.0.0.1'],
    [
      'its address, when it passed by one of two',
      { 'x-forwarded-for': '10.0.0.2' },
      { proxies: 2 },
      '10.0.0.1',
    ],
    [
      'its key, behind a proxy too',
      { ...forwarded, 'x-api-key': 'k' },
      { auth: 'keys:f', proxies: 1 },
      'k',
    ],
  ])('is %s', (_, headers: Readonly<Record<string, string>>, config, caller) => {
    expect(nameOf(headers, config)).toBe(caller);
  });
});
