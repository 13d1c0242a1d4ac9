/**
 * A pickle machine that can not run anything: names come from a closed table, calls become inert records.
 * Stands below `sklearn`. Protocols 0 to 5, and joblib's arrays inside the stream.
 * @source CPython Lib/pickletools.py; joblib numpy_pickle.py
 */
import { AppError } from '../core/errors.ts';
import { checkGlobal } from './globals.ts';
import { buildObject, callGlobal, fillArrayFrom } from './pickle-objects.ts';
import {
  line,
  long,
  quoted,
  raw,
  type Stream,
  take,
  u8,
  u16,
  u32,
  u64,
  utf8,
  wholeOf,
} from './pickle-stream.ts';
import { broken, isKind, type PyValue } from './py.ts';

/** A forest of a thousand trees takes some 200,000; each step may cost a hundred bytes. */
const OPCODES_LIMIT = 1_000_000;
const NESTING_LIMIT = 8;

/** The value that a pickle describes. @throws AppError model-broken, model-unsafe, model-unsupported */
export const parsePickle = (bytes: Uint8Array): PyValue => {
  const stream: Stream = {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: 0,
    nOpcodes: 0,
  };
  return runMachine(stream, 0);
};

const MARK = Symbol('mark');
type Item = PyValue | typeof MARK;

/** One pickle from the stream's position on; joblib nests another where an array holds objects. */
const runMachine = (stream: Stream, nesting: number): PyValue => {
  if (nesting > NESTING_LIMIT) throw broken('pickles are nested too deeply');
  const stack: Item[] = [];
  const memo = new Map<number, PyValue>();

  const pop = (): PyValue => {
    const item = stack.pop();
    if (item === undefined || item === MARK) throw broken('a value is missing on its stack');
    return item;
  };
  const top = (): PyValue => {
    const item = stack[stack.length - 1];
    if (item === undefined || item === MARK) throw broken('a value is missing on its stack');
    return item;
  };
  const popMark = (): PyValue[] => {
    const at = stack.lastIndexOf(MARK);
    if (at < 0) throw broken('a mark is missing on its stack');
    const items = stack.splice(at).slice(1);
    return items as PyValue[];
  };
  const recall = (index: number): PyValue => {
    const value = memo.get(index);
    if (value === undefined) throw broken(`it recalls value ${index}, which it never kept`);
    return value;
  };
  const named = (module: string, name: string): PyValue => ({
    kind: 'global',
    name: checkGlobal(module, name),
  });
  const tuple = (items: readonly PyValue[]): PyValue => ({ kind: 'tuple', items });
  const setItems = (target: PyValue, items: readonly PyValue[]): void => {
    if (items.length % 2 !== 0) throw broken('a key has no value');
    if (!isKind(target, 'dict') && !isKind(target, 'object'))
      throw broken('it sets items of what is no dictionary');
    if (isKind(target, 'object')) {
      if (!isKind(target.state, 'dict')) target.state = { kind: 'dict', entries: new Map() };
    }
    const { entries } = isKind(target, 'dict')
      ? target
      : (target.state as { entries: Map<PyValue, PyValue> });
    for (let i = 0; i < items.length; i += 2) entries.set(items[i]!, items[i + 1]!);
  };
  const append = (target: PyValue, items: readonly PyValue[]): void => {
    if (!isKind(target, 'list')) throw broken('it appends to what is no list');
    for (const item of items) target.items.push(item);
  };
  const call = (callee: PyValue, args: PyValue): void => {
    if (!isKind(callee, 'global'))
      throw new AppError('model-unsafe', 'the pickle calls something that is not a named class');
    if (!isKind(args, 'tuple')) throw broken('it calls without arguments');
    stack.push(callGlobal(callee.name, args.items));
  };
  const build = (): void => {
    const state = pop();
    const target = top();
    buildObject(target, state);
    if (isKind(target, 'object') && target.name === 'joblib.numpy_pickle.NumpyArrayWrapper') {
      stack.pop();
      const array = fillArrayFrom(
        target,
        (length) => take(stream, length),
        () => runMachine(stream, nesting + 1),
      );
      stack.push(array);
    }
  };

  for (;;) {
    if (++stream.nOpcodes > OPCODES_LIMIT) throw broken(`it has more than ${OPCODES_LIMIT} steps`);
    const opcode = u8(stream);
    switch (opcode) {
      case 0x2e: // STOP
        return pop();
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
        popMark();
        break;
      case 0x32: // DUP
        stack.push(top());
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
        stack.push(true);
        break;
      case 0x89: // NEWFALSE
        stack.push(false);
        break;
      case 0x49: // INT
      case 0x4c: // LONG
        stack.push(wholeOf(line(stream)));
        break;
      case 0x4a: // BININT
        stack.push(u32(stream) | 0);
        break;
      case 0x4b: // BININT1
        stack.push(u8(stream));
        break;
      case 0x4d: // BININT2
        stack.push(u16(stream));
        break;
      case 0x8a: // LONG1
        stack.push(long(take(stream, u8(stream))));
        break;
      case 0x8b: // LONG4
        stack.push(long(take(stream, u32(stream))));
        break;
      case 0x46: // FLOAT
        stack.push(Number(line(stream)));
        break;
      case 0x47: // BINFLOAT
        take(stream, 8);
        stack.push(stream.view.getFloat64(stream.at - 8, false));
        break;
      case 0x53: // STRING
        stack.push(quoted(line(stream)));
        break;
      case 0x54: // BINSTRING
        stack.push(Buffer.from(take(stream, u32(stream))).toString('latin1'));
        break;
      case 0x55: // SHORT_BINSTRING
        stack.push(Buffer.from(take(stream, u8(stream))).toString('latin1'));
        break;
      case 0x56: // UNICODE
        stack.push(raw(line(stream)));
        break;
      case 0x58: // BINUNICODE
        stack.push(utf8(take(stream, u32(stream))));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(utf8(take(stream, u8(stream))));
        break;
      case 0x8d: // BINUNICODE8
        stack.push(utf8(take(stream, u64(stream))));
        break;
      case 0x42: // BINBYTES
        stack.push(take(stream, u32(stream)));
        break;
      case 0x43: // SHORT_BINBYTES
        stack.push(take(stream, u8(stream)));
        break;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        stack.push(take(stream, u64(stream)));
        break;
      case 0x5d: // EMPTY_LIST
      case 0x8f: // EMPTY_SET
        stack.push({ kind: 'list', items: [] });
        break;
      case 0x7d: // EMPTY_DICT
        stack.push({ kind: 'dict', entries: new Map() });
        break;
      case 0x29: // EMPTY_TUPLE
        stack.push(tuple([]));
        break;
      case 0x6c: // LIST
      case 0x91: // FROZENSET
        stack.push({ kind: 'list', items: popMark() });
        break;
      case 0x64: {
        // DICT
        const items = popMark();
        stack.push({ kind: 'dict', entries: new Map() });
        setItems(top(), items);
        break;
      }
      case 0x74: // TUPLE
        stack.push(tuple(popMark()));
        break;
      case 0x85: // TUPLE1
        stack.push(tuple([pop()]));
        break;
      case 0x86: {
        // TUPLE2
        const second = pop();
        stack.push(tuple([pop(), second]));
        break;
      }
      case 0x87: {
        // TUPLE3
        const third = pop();
        const second = pop();
        stack.push(tuple([pop(), second, third]));
        break;
      }
      case 0x61: {
        // APPEND
        const item = pop();
        append(top(), [item]);
        break;
      }
      case 0x65: // APPENDS
      case 0x90: {
        // ADDITEMS
        const items = popMark();
        append(top(), items);
        break;
      }
      case 0x73: {
        // SETITEM
        const value = pop();
        const key = pop();
        setItems(top(), [key, value]);
        break;
      }
      case 0x75: {
        // SETITEMS
        const items = popMark();
        setItems(top(), items);
        break;
      }
      case 0x70: // PUT
        memo.set(Number(line(stream)), top());
        break;
      case 0x71: // BINPUT
        memo.set(u8(stream), top());
        break;
      case 0x72: // LONG_BINPUT
        memo.set(u32(stream), top());
        break;
      case 0x94: // MEMOIZE
        memo.set(memo.size, top());
        break;
      case 0x67: // GET
        stack.push(recall(Number(line(stream))));
        break;
      case 0x68: // BINGET
        stack.push(recall(u8(stream)));
        break;
      case 0x6a: // LONG_BINGET
        stack.push(recall(u32(stream)));
        break;
      case 0x63: {
        // GLOBAL
        const module = line(stream);
        stack.push(named(module, line(stream)));
        break;
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = pop();
        const module = pop();
        if (typeof module !== 'string' || typeof name !== 'string')
          throw broken('it names a class by something that is no text');
        stack.push(named(module, name));
        break;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = pop();
        call(pop(), args);
        break;
      }
      case 0x92: {
        // NEWOBJ_EX
        pop();
        const args = pop();
        call(pop(), args);
        break;
      }
      case 0x69: {
        // INST
        const module = line(stream);
        const callee = named(module, line(stream));
        call(callee, tuple(popMark()));
        break;
      }
      case 0x6f: {
        // OBJ
        const [callee, ...args] = popMark();
        if (callee === undefined) throw broken('a class is missing on its stack');
        call(callee, tuple(args));
        break;
      }
      case 0x62: // BUILD
        build();
        break;
      case 0x50: // PERSID
      case 0x51: // BINPERSID
        throw new AppError('model-unsafe', 'the pickle asks for an object by persistent id');
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw new AppError('model-unsafe', 'the pickle asks for a class by extension code');
      case 0x97: // NEXT_BUFFER
      case 0x98: // READONLY_BUFFER
        throw new AppError(
          'model-unsupported',
          'the pickle keeps its arrays in buffers outside the file',
        );
      default:
        throw broken(`byte 0x${opcode.toString(16)} at ${stream.at - 1} is no step of a pickle`);
    }
  }
};
