/**
 * A pickle machine that cannot run anything: names come from a closed table, calls become inert records.
 * Each opcode moves values between the stream, a stack and a memo; what is left on the stack at STOP is the value.
 * Protocols 0 to 5, and joblib's arrays inside the stream.
 * @source CPython Lib/pickletools.py; joblib numpy_pickle.py
 */
import { AppError } from '../../core/errors.ts';
import { checkAllowed, checkAllowedOrOwn, unsafeName } from './allowlist.ts';
import { readLine, type Stream, take, u8, u32, u64 } from './byte-reader.ts';
import { buildObject, callGlobal, fillArrayFrom } from './calls.ts';
import { runContainer } from './containers.ts';
import { readLiteral } from './literals.ts';
import { broken, isKind, type PyValue } from './python-values.ts';
import { MARK, pop, popMark, type Stack, top, tupleOf } from './stack.ts';

/** A forest of a thousand trees takes some 200,000; each step may cost a hundred bytes. */
const OPCODES_LIMIT = 1_000_000;
const NESTING_LIMIT = 8;

const STOP = 0x2e;
const GETATTR = 'builtins.getattr';

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
    awaitsGetattr: false,
  };
  const value = runMachine(stream, 0, takesOwn);
  if (stream.awaitsGetattr) throw unsafeName(GETATTR);
  return value;
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

/** Steps that keep a value for later, or recall one. False for a step of another kind; so are the next. */
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
      stack.push(callTop(machine));
      return true;
    case 0x52: // REDUCE
      stack.push(callTop(machine));
      return true;
    case 0x81: // NEWOBJ
      stack.push(callTop(machine, true));
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

const named = (module: string, name: string, { takesOwn, stream }: Machine): PyValue => {
  const found = takesOwn
    ? checkAllowedOrOwn(module, name)
    : ({ kind: 'global', name: checkAllowed(module, name) } as const);
  if (found.name === GETATTR) stream.awaitsGetattr = true;
  return found;
};

const callTop = ({ stack, stream }: Machine, isNew = false): PyValue => {
  const args = pop(stack);
  const callee = pop(stack);
  if (isKind(callee, 'global') && callee.name === GETATTR) stream.awaitsGetattr = false;
  return call(callee, args, isNew);
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
