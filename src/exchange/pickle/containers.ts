/**
 * The steps of a pickle that make and fill tuples, lists, sets and dictionaries.
 */
import { broken, isKind, type PyDict, type PyValue } from './python-values.ts';
import { pop, popMark, popSome, type Stack, top, tupleOf } from './stack.ts';

/** False for a step of another kind, which then has changed nothing. */
export const runContainer = (opcode: number, stack: Stack): boolean => {
  switch (opcode) {
    case 0x5d: // EMPTY_LIST
    case 0x8f: // EMPTY_SET
      stack.push({ kind: 'list', items: [] });
      return true;
    case 0x7d: // EMPTY_DICT
      stack.push({ kind: 'dict', entries: new Map() });
      return true;
    case 0x29: // EMPTY_TUPLE
      stack.push(tupleOf([]));
      return true;
    case 0x6c: // LIST
    case 0x91: // FROZENSET
      stack.push({ kind: 'list', items: popMark(stack) });
      return true;
    case 0x64: {
      // DICT
      const items = popMark(stack);
      stack.push({ kind: 'dict', entries: new Map() });
      setItems(top(stack), items);
      return true;
    }
    case 0x74: // TUPLE
      stack.push(tupleOf(popMark(stack)));
      return true;
    case 0x85: // TUPLE1
    case 0x86: // TUPLE2
    case 0x87: // TUPLE3
      stack.push(tupleOf(popSome(stack, opcode - 0x84)));
      return true;
    case 0x61: {
      // APPEND
      const item = pop(stack);
      append(top(stack), [item]);
      return true;
    }
    case 0x65: // APPENDS
    case 0x90: {
      // ADDITEMS
      const items = popMark(stack);
      append(top(stack), items);
      return true;
    }
    case 0x73: {
      // SETITEM
      const pair = popSome(stack, 2);
      setItems(top(stack), pair);
      return true;
    }
    case 0x75: {
      // SETITEMS
      const items = popMark(stack);
      setItems(top(stack), items);
      return true;
    }
    default:
      return false;
  }
};

const append = (target: PyValue, items: readonly PyValue[]): void => {
  if (!isKind(target, 'list')) throw broken('it appends to what is no list');
  for (const item of items) target.items.push(item);
};

/** @param items keys and values in turn */
const setItems = (target: PyValue, items: readonly PyValue[]): void => {
  if (items.length % 2 !== 0) throw broken('a key has no value');
  const { entries } = dictOf(target);
  for (let i = 0; i < items.length; i += 2) entries.set(items[i]!, items[i + 1]!);
};

/** A dictionary, or the one that is an object's state. */
const dictOf = (target: PyValue): PyDict => {
  if (isKind(target, 'dict')) return target;
  if (!isKind(target, 'object')) throw broken('it sets items of what is no dictionary');
  if (isKind(target.state, 'dict')) return target.state;
  const state: PyDict = { kind: 'dict', entries: new Map() };
  target.state = state;
  return state;
};
