/**
 * Just enough of WebAssembly's binary format to emit the kernels of the learner at run time: functions and modules.
 *
 * @source https://webassembly.github.io/spec/core/binary/
 */
import { type Code, i32, u } from './instructions.ts';

type Type = 'i32' | 'i64' | 'f64' | 'v128';

const TYPES: Readonly<Record<Type, number>> = { i32: 0x7f, i64: 0x7e, f64: 0x7c, v128: 0x7b };

export interface Local {
  readonly index: number;
  readonly get: Code;
  readonly set: (value: Code) => Code;
}

export interface Kernel {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result?: Type;
  /** Builds the body from its parameters and as many fresh locals as it asks for. */
  readonly body: (params: readonly Local[], local: (type: Type) => Local) => Code;
}

const localAt = (index: number): Local => ({
  index,
  get: [0x20, ...u(index)],
  set: (value) => [...value, 0x21, ...u(index)],
});

/** Repeats `body` while `counter` < `end`, checking first; `body` advances the counter. */
export const whileBelow = (counter: Local, end: Local, body: Code): Code => [
  ...[0x02, 0x40, 0x03, 0x40],
  ...i32.eqz(i32.ltU(counter.get, end.get)),
  ...[0x0d, 0x01],
  ...body,
  ...[0x0c, 0x00, 0x0b, 0x0b],
];

/** Leaves the innermost `whileBelow` where the condition holds. */
export const breakIf = (condition: Code): Code => [...condition, 0x0d, 0x01];

/** One of two values, without a branch. */
export const select = (condition: Code, yes: Code, no: Code): Code => [
  ...yes,
  ...no,
  ...condition,
  0x1b,
];

/** memory.copy(to, from, nBytes) */
export const copy = (to: Code, from: Code, nBytes: Code): Code => [
  ...to,
  ...from,
  ...nBytes,
  ...[0xfc, 0x0a, 0, 0],
];

/** memory.fill(to, 0, nBytes) */
export const clear = (to: Code, nBytes: Code): Code => [
  ...to,
  ...i32.const(0),
  ...nBytes,
  ...[0xfc, 0x0b, 0],
];

/** The bytes of a module that imports shared memory `env.memory` and exports the kernels. */
export const emitModule = (
  kernels: readonly Kernel[],
  maxPages: number,
): Uint8Array<ArrayBuffer> => {
  const types = kernels.map(({ params, result }) => [
    0x60,
    ...u(params.length),
    ...params.map((type) => TYPES[type]),
    ...(result === undefined ? [0] : [1, TYPES[result]]),
  ]);
  const bodies = kernels.map((kernel) => {
    const locals: Type[] = [];
    const params = kernel.params.map((_, i) => localAt(i));
    const code = kernel.body(params, (type) => {
      locals.push(type);
      return localAt(params.length + locals.length - 1);
    });
    const bytes = [
      ...u(locals.length),
      ...locals.flatMap((type) => [1, TYPES[type]]),
      ...code,
      0x0b,
    ];
    return [...u(bytes.length), ...bytes];
  });
  const text = (word: string): number[] => [...u(word.length), ...Buffer.from(word)];
  const section = (id: number, entries: readonly Code[]): number[] => {
    const bytes = [...u(entries.length), ...entries.flat()];
    return [id, ...u(bytes.length), ...bytes];
  };
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(2, [[...text('env'), ...text('memory'), 0x02, 0x03, ...u(1), ...u(maxPages)]]),
    ...section(
      3,
      kernels.map((_, i) => u(i)),
    ),
    ...section(
      7,
      kernels.map(({ name }, i) => [...text(name), 0x00, ...u(i)]),
    ),
    ...section(10, bodies),
  ]);
};
