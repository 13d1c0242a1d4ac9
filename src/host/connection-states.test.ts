import { describe, expect, test } from 'bun:test';
import {
  isAtRest,
  isSame,
  noteBusy,
  noteClosed,
  noteKept,
  noteNothing,
  noteOpen,
  noteRest,
  viewStates,
} from './connection-states.ts';

describe('the state of a connection', () => {
  const states = viewStates(new Float64Array(4));
  const place = 5;

  test('is at rest when it begins, busy from before it is read from until it is answered', () => {
    noteOpen(states, place);
    expect(isAtRest(states[place]!)).toBe(true);
    const before = noteBusy(states, place);
    expect(isAtRest(states[place]!)).toBe(false);
    noteNothing(states, place, before);
    expect(isAtRest(states[place]!)).toBe(true);
    noteBusy(states, place);
    noteNothing(states, place, noteBusy(states, place));
    expect(isAtRest(states[place]!)).toBe(false);
    noteRest(states, place);
    expect(isAtRest(states[place]!)).toBe(true);
  });

  test('stays the same connection, busy or kept, until another has its descriptor', () => {
    noteOpen(states, place);
    const cell = states[place]!;
    noteBusy(states, place);
    noteKept(states, place);
    expect(isSame(states[place]!, cell)).toBe(true);
    expect(noteClosed(states, place)).toBe(true);
    expect(isSame(states[place]!, cell)).toBe(false);
    noteOpen(states, place);
    expect(isSame(states[place]!, cell)).toBe(false);
    expect(isAtRest(states[place]!)).toBe(true);
    expect(noteClosed(states, place)).toBe(false);
  });

  test('counts connections beyond the range of its cell', () => {
    states[place] = 2 ** 32 - 1;
    noteOpen(states, place);
    expect(states[place]).toBe(0);
  });

  test('beyond the memory there is none', () => {
    noteOpen(states, 8);
    noteBusy(states, 8);
    noteRest(states, 8);
    expect(noteClosed(states, 8)).toBe(false);
    expect([...states.subarray(6)]).toEqual([0, 0]);
  });
});
