/**
 * The stack of a pickle machine: values and marks, the last on top.
 */
import { broken, type PyValue } from './python-values.ts';

export const MARK = Symbol('mark');

export type Stack = (PyValue | typeof MARK)[];

/** Takes the last value off. @throws AppError model-broken where there is none */
export const pop = (stack: Stack): PyValue => {
  const value = top(stack);
  stack.pop();
  return value;
};

export const top = (stack: Stack): PyValue => {
  const item = stack[stack.length - 1];
  if (item === undefined || item === MARK) throw broken('a value is missing on its stack');
  return item;
};

/** Takes off all values above the last mark, and the mark. */
export const popMark = (stack: Stack): PyValue[] => {
  const at = stack.lastIndexOf(MARK);
  if (at < 0) throw broken('a mark is missing on its stack');
  return stack.splice(at).slice(1) as PyValue[];
};

/** The last values, in the order in which they were pushed. */
export const popSome = (stack: Stack, count: number): PyValue[] =>
  Array.from({ length: count }, () => pop(stack)).reverse();

export const tupleOf = (items: readonly PyValue[]): PyValue => ({ kind: 'tuple', items });
