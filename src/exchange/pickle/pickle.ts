/**
 * A pickle machine that cannot run anything: names come from a closed table, calls become inert records.
 * Each opcode moves values between the stream, a stack and a memo; what is left on the stack at STOP is the value.
 * Protocols 0 to 5, and joblib's arrays inside the stream.
 * @source CPython Lib/pickletools.py; joblib numpy_pickle.py
 */
import { AppError } from '../../core/errors.ts';
import { checkAllowed, checkAllowedOrOwn } from './allowlist.ts';
import {
  decodeLong,
  decodeQuoted,
  decodeRawUnicode,
  parseInteger,
  readLine,
  type Stream,
  take,
  u8,
  u16,
  u32,
  u64,
  utf8,
} from './byte-reader.ts';
import { buildObject, callGlobal, fillArrayFrom } from './calls.ts';
import { broken, isKind, type PyDict, type PyValue } from './python-values.ts';

/** A forest of a thousand trees takes some 200,000; each step may cost a hundred bytes. */
const OPCODES_LIMIT = 1_000_000;
const NESTING_LIMIT = 8;

const STOP = 0x2e;
const MARK = Symbol('mark');

/** Values and marks, the last on top. */
type Stack = (PyValue | typeof MARK)[];

interface Machine {
  readonly stream: Stream;
  readonly stack: Stack;
  /** Values kept by number, to be used again. */
  readonly memo: Map<number, PyValue>;
  /** Pickles around this one. */
  readonly nesting: number;
  /** Whether objects of classes that are in no table are kept, as inert as all others. */
  readonly takesOwn: boolean;
}

/**
 * The value that a pickle describes.
 * @param takesOwn whether objects of the writer's own classes may hold what is wanted; calls of what is in no table are
 *   refused all the same
 * @throws AppError model-broken, model-unsafe, model-unsupported
 */
export const parsePickle = (bytes: Uint8Array, takesOwn = false): PyValue => {
  const stream: Stream = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
    nOpcodes: 0,
  };
  return runMachine(stream, 0, takesOwn);
};

/** One pickle from the stream's position on; joblib nests another where an array holds objects. */
const runMachine = (stream: Stream, nesting: number, takesOwn: boolean): PyValue => {
  if (nesting > NESTING_LIMIT) throw broken('pickles are nested too deeply');
  const stack: Stack = [];
  const machine: Machine = { stream, stack, memo: new Map(), nesting, takesOwn };
  for (;;) {
    if (++stream.nOpcodes > OPCODES_LIMIT) throw broken(`it has more than ${OPCODES_LIMIT} steps`);
    const opcode = u8(stream);
    if (opcode === STOP) return pop(stack);
    const literal = readLiteral(opcode, stream);
    if (literal !== undefined) stack.push(literal);
    else if (!runContainer(opcode, stack) && !runMemo(opcode, machine) && !runCall(opcode, machine))
      runRest(opcode, machine);
  }
};

/** Steps that write a plain value out: nothing, truth, numbers, text, bytes. Undefined for a step of another kind. */
const readLiteral = (opcode: number, stream: Stream): PyValue | undefined => {
  switch (opcode) {
    case 0x4e: // NONE
      return null;
    case 0x88: // NEWTRUE
      return true;
    case 0x89: // NEWFALSE
      return false;
    case 0x49: // INT
    case 0x4c: // LONG
      return parseInteger(readLine(stream));
    case 0x4a: // BININT
      return u32(stream) | 0;
    case 0x4b: // BININT1
      return u8(stream);
    case 0x4d: // BININT2
      return u16(stream);
    case 0x8a: // LONG1
      return decodeLong(take(stream, u8(stream)));
    case 0x8b: // LONG4
      return decodeLong(take(stream, u32(stream)));
    case 0x46: // FLOAT
      return Number(readLine(stream));
    case 0x47: // BINFLOAT
      take(stream, 8);
      return stream.view.getFloat64(stream.at - 8, false);
    case 0x53: // STRING
      return decodeQuoted(readLine(stream));
    case 0x54: // BINSTRING
      return Buffer.from(take(stream, u32(stream))).toString('latin1');
    case 0x55: // SHORT_BINSTRING
      return Buffer.from(take(stream, u8(stream))).toString('latin1');
    case 0x56: // UNICODE
      return decodeRawUnicode(readLine(stream));
    case 0x58: // BINUNICODE
      return utf8(take(stream, u32(stream)));
    case 0x8c: // SHORT_BINUNICODE
      return utf8(take(stream, u8(stream)));
    case 0x8d: // BINUNICODE8
      return utf8(take(stream, u64(stream)));
    case 0x42: // BINBYTES
      return take(stream, u32(stream));
    case 0x43: // SHORT_BINBYTES
      return take(stream, u8(stream));
    case 0x8e: // BINBYTES8
    case 0x96: // BYTEARRAY8
      return take(stream, u64(stream));
    default:
      return undefined;
  }
};

/**
 * Steps that make and fill tuples, lists, sets and dictionaries.
 * False for a step of another kind, which then has changed nothing; so are the next two.
 */
const runContainer = (opcode: number, stack: Stack): boolean => {
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

const tupleOf = (items: readonly PyValue[]): PyValue => ({ kind: 'tuple', items });

/** The last values, in the order in which they were pushed. */
const popSome = (stack: Stack, count: number): PyValue[] =>
  Array.from({ length: count }, () => pop(stack)).reverse();

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

/** Steps that keep a value for later, or recall one. */
const runMemo = (opcode: number, { stream, stack, memo }: Machine): boolean => {
  switch (opcode) {
    case 0x70: // PUT
      memo.set(Number(readLine(stream)), top(stack));
      return true;
    case 0x71: // BINPUT
      memo.set(u8(stream), top(stack));
      return true;
    case 0x72: // LONG_BINPUT
      memo.set(u32(stream), top(stack));
      return true;
    case 0x94: // MEMOIZE
      memo.set(memo.size, top(stack));
      return true;
    case 0x67: // GET
      stack.push(recall(memo, Number(readLine(stream))));
      return true;
    case 0x68: // BINGET
      stack.push(recall(memo, u8(stream)));
      return true;
    case 0x6a: // LONG_BINGET
      stack.push(recall(memo, u32(stream)));
      return true;
    default:
      return false;
  }
};

const recall = (memo: ReadonlyMap<number, PyValue>, index: number): PyValue => {
  const value = memo.get(index);
  if (value === undefined) throw broken(`it recalls value ${index}, which it never kept`);
  return value;
};

/** Steps that name a class, call it, or give an object its state. */
const runCall = (opcode: number, machine: Machine): boolean => {
  const { stream, stack } = machine;
  switch (opcode) {
    case 0x63: {
      // GLOBAL
      const module = readLine(stream);
      stack.push(named(module, readLine(stream), machine));
      return true;
    }
    case 0x93: {
      // STACK_GLOBAL
      const name = pop(stack);
      const module = pop(stack);
      if (typeof module !== 'string' || typeof name !== 'string')
        throw broken('it names a class by something that is no text');
      stack.push(named(module, name, machine));
      return true;
    }
    case 0x92: // NEWOBJ_EX, whose named arguments no class of the table needs
      pop(stack);
      stack.push(callTop(stack));
      return true;
    case 0x52: // REDUCE
      stack.push(callTop(stack));
      return true;
    case 0x81: // NEWOBJ
      stack.push(callTop(stack, true));
      return true;
    case 0x69: {
      // INST
      const module = readLine(stream);
      const callee = named(module, readLine(stream), machine);
      stack.push(call(callee, tupleOf(popMark(stack))));
      return true;
    }
    case 0x6f: {
      // OBJ
      const [callee, ...args] = popMark(stack);
      if (callee === undefined) throw broken('a class is missing on its stack');
      stack.push(call(callee, tupleOf(args)));
      return true;
    }
    case 0x62: // BUILD
      runBuild(machine);
      return true;
    case 0x50: // PERSID
    case 0x51: // BINPERSID
      throw new AppError('model-unsafe', 'the pickle asks for an object by persistent id');
    case 0x82: // EXT1
    case 0x83: // EXT2
    case 0x84: // EXT4
      throw new AppError('model-unsafe', 'the pickle asks for a class by extension code');
    default:
      return false;
  }
};

const named = (module: string, name: string, { takesOwn }: Machine): PyValue =>
  takesOwn ? checkAllowedOrOwn(module, name) : { kind: 'global', name: checkAllowed(module, name) };

const callTop = (stack: Stack, isNew = false): PyValue => {
  const args = pop(stack);
  return call(pop(stack), args, isNew);
};

/** @param isNew whether it only makes an object, without a call of the class */
const call = (callee: PyValue, args: PyValue, isNew = false): PyValue => {
  if (!isKind(callee, 'global'))
    throw new AppError('model-unsafe', 'the pickle calls something that is not a named class');
  if (!isKind(args, 'tuple')) throw broken('it calls without arguments');
  if (!callee.isOwn) return callGlobal(callee.name, args.items);
  if (!isNew)
    throw new AppError('model-unsafe', `the pickle asks to call ${callee.name}, which is refused`);
  return { kind: 'object', name: callee.name, args: args.items, state: null, isOwn: true };
};

/** Gives an object its state; the bytes of joblib's arrays follow in the stream. */
const runBuild = ({ stream, stack, nesting, takesOwn }: Machine): void => {
  const state = pop(stack);
  const target = top(stack);
  buildObject(target, state);
  if (!isKind(target, 'object') || target.name !== 'joblib.numpy_pickle.NumpyArrayWrapper') return;
  stack.pop();
  stack.push(
    fillArrayFrom(
      target,
      (length) => take(stream, length),
      () => runMachine(stream, nesting + 1, takesOwn),
    ),
  );
};

/** Steps that only move the stack or the stream. */
const runRest = (opcode: number, { stream, stack }: Machine): void => {
  switch (opcode) {
    case 0x80: // PROTO
      if (u8(stream) > 5) throw broken('its protocol is newer than 5');
      break;
    case 0x95: // FRAME
      u64(stream);
      break;
    case 0x28: // MARK
      stack.push(MARK);
      break;
    case 0x30: // POP
      if (stack.pop() === undefined) throw broken('a value is missing on its stack');
      break;
    case 0x31: // POP_MARK
      popMark(stack);
      break;
    case 0x32: // DUP
      stack.push(top(stack));
      break;
    case 0x97: // NEXT_BUFFER
    case 0x98: // READONLY_BUFFER
      throw new AppError(
        'model-unsupported',
        'the pickle keeps its arrays in buffers outside the file',
      );
    default:
      throw broken(`byte 0x${opcode.toString(16)} at ${stream.at - 1} is no step of a pickle`);
  }
};

/** Takes the last value off. @throws AppError model-broken where there is none */
const pop = (stack: Stack): PyValue => {
  const value = top(stack);
  stack.pop();
  return value;
};

const top = (stack: Stack): PyValue => {
  const item = stack[stack.length - 1];
  if (item === undefined || item === MARK) throw broken('a value is missing on its stack');
  return item;
};

/** Takes off all values above the last mark, and the mark. */
const popMark = (stack: Stack): PyValue[] => {
  const at = stack.lastIndexOf(MARK);
  if (at < 0) throw broken('a mark is missing on its stack');
  return stack.splice(at).slice(1) as PyValue[];
};
