import { afterAll, describe, expect, test } from 'bun:test';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { noteBusy, noteClosed, noteOpen } from '../../host/connection-states.ts';
import { openDescriptorCalls } from '../../host/descriptor-channel.ts';
import { buildLog } from '../log.ts';
import { buildKeptConnections, type Heir } from './kept-connections.ts';

const calls = openDescriptorCalls()!;
const folder = mkdtempSync(join(tmpdir(), 'puntual-kept-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Open files stand for connections: only whether they are open is looked at. */
let nFiles = 0;
const openFile = () => {
  const descriptor = openSync(join(folder, `${++nFiles}`), 'w');
  return { descriptor, inode: fstatSync(descriptor).ino };
};

const buildScene = (limit = 100) => {
  let ready: readonly Heir[] = [];
  let isFull = false;
  let nowMs = 0;
  const lines: string[] = [];
  const kept = buildKeptConnections({
    heirs: () => ({ ready, isFull }),
    log: buildLog('info', {}, undefined, (line) => lines.push(line)),
    limit,
    clockMs: () => nowMs,
  });
  /** A worker of this very process, which keeps its end of the channel. */
  const begin = (nConnections = 0) => {
    const states = new Uint32Array(1000);
    const keeping = kept.open(() => states)!;
    const own: number[] = [];
    const adopt = (): void => {
      for (let passed = calls.receive(keeping.end); passed; passed = calls.receive(keeping.end))
        own.push(...passed.map(({ descriptor }) => descriptor));
    };
    const heir: Heir = { keeping, nConnections: () => nConnections, adopt };
    return {
      states,
      keeping,
      heir,
      adopted: own,
      /** Connections at these places; the worker sends duplicates. @returns their inodes */
      open: (...places: readonly number[]): readonly number[] => {
        const files = places.map((place) => {
          noteOpen(states, place);
          return { place, ...openFile() };
        });
        const passed = files.map(({ place, descriptor }) => ({
          descriptor,
          marks: [place, states[place]!] as const,
        }));
        expect(calls.send(keeping.end, passed)).toBe(0);
        for (const { descriptor } of files) closeSync(descriptor);
        keeping.collect();
        return files.map(({ inode }) => inode);
      },
      end: (isInherited: boolean) => kept.end(keeping, { worker: 1, isInherited }),
      close: () => {
        for (const descriptor of own) closeSync(descriptor);
        keeping.started();
      },
    };
  };
  return {
    kept,
    lines,
    begin,
    /** The next look is at that time. */
    at: (ms: number) => {
      nowMs = ms;
      kept.place();
    },
    become: (heirs: readonly Heir[], full: boolean) => {
      ready = heirs;
      isFull = full;
      kept.place();
    },
  };
};

const inodesOf = (descriptors: readonly number[]): readonly number[] =>
  descriptors.map((descriptor) => fstatSync(descriptor).ino);

describe('connections that are kept', () => {
  test('go to others when their worker is gone, at once if none is missing, the busy ones to nobody', () => {
    const { kept, lines, begin, become } = buildScene();
    const [dead, few, many] = [begin(), begin(1), begin(2)];
    const inodes = dead.open(10, 11, 12, 13);
    expect(kept.counts()).toEqual({ kept: 4, limit: 100, adopted: 0, reset: 0 });
    noteBusy(dead.states, 11);
    become([few.heir, many.heir], true);
    dead.end(true);
    expect(inodesOf(few.adopted)).toEqual([inodes[0]!, inodes[2]!]);
    expect(inodesOf(many.adopted)).toEqual([inodes[3]!]);
    expect(kept.counts()).toEqual({ kept: 0, limit: 100, adopted: 3, reset: 1 });
    expect(JSON.parse(lines[0]!)).toMatchObject({ worker: 1, adopted: 3, reset: 1 });
    for (const worker of [dead, few, many]) worker.close();
    kept.stop();
  });

  test('end for their callers when the worker that they were given to dies before it takes them', async () => {
    const { kept, begin, become } = buildScene();
    const [dead, dying] = [begin(), begin()];
    const [caller, connection] = calls.pair()!;
    noteOpen(dead.states, 10);
    const marks = [10, dead.states[10]!] as const;
    expect(calls.send(dead.keeping.end, [{ descriptor: connection, marks }])).toBe(0);
    closeSync(connection);
    dead.keeping.collect();
    const { descriptor } = openFile();
    const isOpen = (): boolean =>
      calls.send(caller, [{ descriptor, marks: [0, 0] }]) !== -constants.errno.EPIPE;
    become([{ ...dying.heir, adopt: () => {} }], true);
    dead.end(true);
    expect(kept.counts()).toMatchObject({ kept: 0, adopted: 1 });
    expect(isOpen()).toBe(true);
    become([], true);
    dying.end(true);
    dying.close();
    // The system lets go of what was on its way a moment later.
    while (isOpen()) await Bun.sleep(1);
    expect(kept.counts()).toMatchObject({ kept: 0 });
    closeSync(caller);
    closeSync(descriptor);
    dead.close();
    kept.stop();
  });

  test('wait for the worker that takes the place', () => {
    const { kept, begin, become } = buildScene();
    const [dead, other, next] = [begin(), begin(2), begin()];
    dead.open(10, 11);
    become([other.heir], false);
    dead.end(true);
    expect(kept.counts()).toMatchObject({ kept: 2, adopted: 0 });
    become([other.heir, next.heir], true);
    expect([other.adopted.length, next.adopted.length]).toEqual([0, 2]);
    for (const worker of [dead, other, next]) worker.close();
    kept.stop();
  });

  test('do not wait for it long, and are closed when nobody comes', () => {
    const { kept, begin, become, at } = buildScene();
    const [first, second, other] = [begin(), begin(), begin()];
    first.open(10);
    become([other.heir], false);
    first.end(true);
    at(99);
    expect(kept.counts()).toMatchObject({ kept: 1, adopted: 0 });
    at(100);
    expect(kept.counts()).toMatchObject({ kept: 0, adopted: 1, reset: 0 });
    become([], false);
    second.open(10);
    second.end(true);
    at(3099);
    expect(kept.counts()).toMatchObject({ kept: 1 });
    at(3100);
    expect(kept.counts()).toMatchObject({ kept: 0, adopted: 1, reset: 1 });
    for (const worker of [first, second, other]) worker.close();
    kept.stop();
  });

  test('are closed when their worker was to end', () => {
    const { kept, begin, become } = buildScene();
    const [ended, other] = [begin(), begin()];
    ended.open(10, 11);
    become([other.heir], true);
    ended.end(false);
    expect(kept.counts()).toMatchObject({ kept: 0, adopted: 0, reset: 0 });
    expect(other.adopted).toEqual([]);
    for (const worker of [ended, other]) worker.close();
    kept.stop();
  });

  test('are forgotten when they have ended, or another has their descriptor', async () => {
    const { kept, begin, become } = buildScene();
    const [worker, other] = [begin(), begin()];
    worker.open(10, 11, 12);
    noteClosed(worker.states, 10);
    noteClosed(worker.states, 11);
    const [inode] = worker.open(11);
    while (kept.counts().kept > 2) await Bun.sleep(5);
    noteClosed(worker.states, 12);
    become([other.heir], true);
    worker.end(true);
    expect(inodesOf(other.adopted)).toEqual([inode!]);
    expect(kept.counts()).toMatchObject({ kept: 0, adopted: 1, reset: 0 });
    for (const one of [worker, other]) one.close();
    kept.stop();
  });

  test('are no more than the limit, in which ended ones have no place', () => {
    const { kept, begin } = buildScene(3);
    const worker = begin();
    worker.open(10, 11, 12, 13, 14);
    expect(kept.counts().kept).toBe(3);
    noteClosed(worker.states, 10);
    noteClosed(worker.states, 11);
    worker.open(15, 16, 17);
    expect(kept.counts().kept).toBe(3);
    worker.end(false);
    expect(kept.counts().kept).toBe(0);
    worker.close();
    kept.stop();
  });
});
