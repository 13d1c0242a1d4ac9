import { describe, expect, test } from 'bun:test';
import { buildLineWriter, buildLog } from './log.ts';

describe('a log', () => {
  test('writes one JSON line with severity, time, message and fields', () => {
    const lines: string[] = [];
    buildLog('info', { worker: 2 }, 'json', (line) => lines.push(line)).warn('gone', { exit: 9 });
    const { time, ...rest } = JSON.parse(lines.join('')) as Record<string, unknown>;
    expect(rest).toEqual({ severity: 'WARNING', message: 'gone', worker: 2, exit: 9 });
    expect(new Date(String(time)).getTime()).toBeGreaterThan(0);
  });
  test('does not pile up for a reader who has stalled: lines are dropped, counted, and told of', () => {
    const held: { text: string; onWritten: () => void }[] = [];
    let nDropped = 0;
    const write = buildLineWriter(
      { write: (text, onWritten) => held.push({ text, onWritten }) },
      () => nDropped++,
    );
    const line = `${'x'.repeat(1023)}\n`;
    for (let i = 0; i < 5000; i++) write(line);
    expect(held.length).toBeLessThan(1100);
    expect(nDropped).toBe(5000 - held.length);
    for (const { onWritten } of held.splice(0)) onWritten();
    expect(held).toHaveLength(1);
    expect(held[0]!.text).toContain(String(nDropped));
    write(line);
    expect(held).toHaveLength(2);
  });
  test('leaves out what is below its level', () => {
    const lines: string[] = [];
    const log = buildLog('warn', {}, 'json', (line) => lines.push(line));
    log.debug('a');
    log.info('b');
    expect(lines).toEqual([]);
    log.error('c');
    expect(lines).toHaveLength(1);
  });
  test('is plain on a terminal', () => {
    const lines: string[] = [];
    buildLog('info', {}, 'text', (line) => lines.push(line)).info('ready', { worker: 1 });
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}ready worker=1\n$/);
  });
});
