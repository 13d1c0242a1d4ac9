/**
 * WebAssembly modules, emitted at run time: functions over one imported memory, `env.memory`.
 *
 * @source https://webassembly.github.io/spec/core/binary/modules.html
 */
import { type Code, flattenInto, type Local, localAt, unsignedLeb } from './instructions.ts';

type ValueType = 'i32' | 'i64' | 'f64' | 'v128';

const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b };

/** Asks for a fresh local variable, which starts as zero. */
export type NewLocal = (type: ValueType) => Local;

export interface Func {
  /** Name under which it is exported, if it is. */
  readonly name?: string;
  readonly params: readonly ValueType[];
  readonly result?: ValueType;
  /** Builds the body from its parameters and as many fresh locals as it asks for. */
  readonly body: (params: readonly Local[], local: NewLocal) => Code;
}

/** A function whose body knows how many parameters there are. */
export const defineFunc = <const P extends readonly ValueType[]>(func: {
  readonly name?: string;
  readonly params: P;
  readonly result?: ValueType;
  readonly body: (params: { readonly [K in keyof P]: Local }, local: NewLocal) => Code;
}): Func => func as unknown as Func;

/**
 * The bytes of a module that exports the named functions.
 * @param sharedPages where the memory is shared between threads: the maximum of its pages
 * @cost O(bytes)
 */
export const emitModule = (
  funcs: readonly Func[],
  sharedPages?: number,
): Uint8Array<ArrayBuffer> => {
  const limits = sharedPages === undefined ? [0, 1] : [3, 1, unsignedLeb(sharedPages)];
  const exported = funcs.flatMap(({ name }, i) => (name === undefined ? [] : [{ name, i }]));
  return Buffer.concat([
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    ...section(1, funcs.map(typeOf)),
    ...section(2, [flatten([text('env'), text('memory'), 2, limits])]),
    ...section(
      3,
      funcs.map((_, i) => flatten(unsignedLeb(i))),
    ),
    ...section(
      7,
      exported.map(({ name, i }) => flatten([text(name), 0, unsignedLeb(i)])),
    ),
    ...section(10, funcs.map(bodyOf)),
  ]);
};

const typeOf = ({ params, result }: Func): Uint8Array =>
  flatten([
    0x60,
    [unsignedLeb(params.length), params.map((type) => TYPES[type])],
    result === undefined ? 0 : [1, TYPES[result]],
  ]);

/** A function's size, locals and code. */
const bodyOf = ({ params, body }: Func): Uint8Array => {
  const locals: ValueType[] = [];
  const code = body(
    params.map((_, i) => localAt(i)),
    (type) => {
      locals.push(type);
      return localAt(params.length + locals.length - 1);
    },
  );
  const bytes: number[] = [];
  flattenInto([unsignedLeb(locals.length), locals.map((type) => [1, TYPES[type]])], bytes);
  flattenInto(code, bytes);
  bytes.push(0x0b);
  return Buffer.concat([flatten(unsignedLeb(bytes.length)), Uint8Array.from(bytes)]);
};

/** The parts of a section: its number and size, how many items there are, and the items. */
const section = (id: number, items: readonly Uint8Array[]): readonly Uint8Array[] => {
  const count = flatten(unsignedLeb(items.length));
  const size = items.reduce((sum, item) => sum + item.length, count.length);
  return [flatten([id, unsignedLeb(size)]), count, ...items];
};

const text = (word: string): Code => {
  const bytes = Buffer.from(word);
  return [unsignedLeb(bytes.length), [...bytes]];
};

const flatten = (code: Code): Uint8Array => {
  const bytes: number[] = [];
  flattenInto(code, bytes);
  return Uint8Array.from(bytes);
};
