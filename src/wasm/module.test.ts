/** Modules as a WebAssembly engine takes them. */
import { expect, test } from 'bun:test';
import { f64, i32 } from './instructions.ts';
import { defineFunc, emitModule } from './module.ts';

const store = defineFunc({
  name: 'store',
  params: ['i32', 'f64'],
  body: ([at, value]) => f64.store(at.get, value.get),
});

test('exports the functions that have a name, in their order', () => {
  const hidden = defineFunc({ params: [], result: 'i32', body: () => i32.const(1) });
  const two = defineFunc({ name: 'zwölf', params: [], result: 'i32', body: () => i32.const(12) });
  const module = new WebAssembly.Module(emitModule([hidden, store, two]));
  expect(WebAssembly.Module.exports(module)).toEqual([
    { name: 'store', kind: 'function' },
    { name: 'zwölf', kind: 'function' },
  ]);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  expect((exports['zwölf'] as () => number)()).toBe(12);
  (exports['store'] as (at: number, value: number) => void)(16, 2.5);
  expect(new Float64Array(memory.buffer)[2]).toBe(2.5);
});

test('locals follow the parameters, each of its type, and start as zero', () => {
  const func = defineFunc({
    name: 'run',
    params: ['i32', 'f64'],
    result: 'f64',
    body: ([at, x], local) => {
      const [sum, place, vector] = [local('f64'), local('i32'), local('v128')];
      return [
        vector.set(vector.get),
        place.set(i32.add(place.get, at.get)),
        sum.set(f64.add(sum.get, x.get)),
        f64.store(place.get, sum.get),
        f64.load(at.get),
      ];
    },
  });
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(emitModule([func]));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  expect((exports['run'] as (at: number, x: number) => number)(8, 1.5)).toBe(1.5);
});

test('takes more functions, locals and code than one byte counts', () => {
  const funcs = Array.from({ length: 300 }, (_, i) =>
    defineFunc({
      name: `f${i}`,
      params: [],
      result: 'i32',
      body: (_none, local) => {
        const locals = Array.from({ length: 200 }, () => local('i32'));
        const last = locals.at(-1)!;
        return [locals.map((own) => own.set(i32.const(i))), last.get];
      },
    }),
  );
  const module = new WebAssembly.Module(emitModule(funcs));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  for (const i of [0, 127, 128, 299]) expect((exports[`f${i}`] as () => number)()).toBe(i);
});

test('shared memory is taken up to the pages that were said', () => {
  const module = new WebAssembly.Module(emitModule([store], 200));
  const shared = (maximum: number) => new WebAssembly.Memory({ initial: 1, maximum, shared: true });
  new WebAssembly.Instance(module, { env: { memory: shared(200) } });
  expect(() => new WebAssembly.Instance(module, { env: { memory: shared(201) } })).toThrow();
  const plain = new WebAssembly.Memory({ initial: 1 });
  expect(() => new WebAssembly.Instance(module, { env: { memory: plain } })).toThrow();
});
