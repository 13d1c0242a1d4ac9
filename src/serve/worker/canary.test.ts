import { describe, expect, test } from 'bun:test';
import { buildPlantedModel } from '../../../test/planted.ts';
import { buildPlantedContext } from '../../../test/planted-service.ts';
import { buildInputReader } from '../../core/inputs.ts';
import { buildReferencePredictor } from '../../predict/reference.ts';
import type { ServeConfig } from '../config.ts';
import type { Handler } from '../endpoint.ts';
import { buildApp } from './app.ts';
import { buildCanary } from './canary.ts';
import { scratchOf } from './scratch.ts';

const model = buildPlantedModel({ nTrees: 3 });

describe('the canary', () => {
  test('asks for the flights of the self-test in turn, and knows their answers', async () => {
    const width = model.inputs.length;
    const raw = Float64Array.from({ length: 2 * width }, (_, i) => 1 + Math.floor(i / width));
    const selfTest = { nRows: 2, raw, answers: Float64Array.of(0.25, 0.75) };
    const asked: Record<string, unknown>[] = [];
    const ask = buildCanary(
      { ...model, heads: model.heads.slice(0, 1), selfTest },
      async (call) => {
        asked.push(JSON.parse(Buffer.from(await call.bytes(1000)).toString()) as never);
        return '{"probability":0.25}';
      },
    )!;
    expect([await ask(), await ask(), await ask()]).toEqual(['right', 'wrong', 'right']);
    expect(asked.map((flight) => flight['distanceMiles'])).toEqual([1, 2, 1]);
    expect(Object.keys(asked[0]!)).toHaveLength(width);
  });

  test('asks for the example where there is none, and knows what the model defines', async () => {
    const reference = buildReferencePredictor(model);
    const ask = buildCanary(model, async (call) => {
      const raw = new Float64Array(model.inputs.length);
      const flight = JSON.parse(Buffer.from(await call.bytes(1000)).toString()) as object;
      buildInputReader(model.inputs)(flight as Record<string, unknown>, raw, 0);
      const out = new Float64Array(model.heads.length);
      reference.predictInto(raw, 1, out);
      return JSON.stringify({ probability: out[0] });
    })!;
    expect(await ask()).toBe('right');
  });

  test.each<[string, Partial<ServeConfig>]>([
    ['as it comes', {}],
    ['that wants a key', { auth: 'keys:/nowhere' }],
    ['that pages of other origins may call', { corsOrigins: ['https://app.example'] }],
  ])('is answered by a service %s', async (_, config) => {
    const context = scratchOf(buildPlantedContext({ config, model }));
    expect(await buildCanary(model, buildApp(context))!()).toBe('right');
  });

  test.each<[string, Handler]>([
    ['is refused', () => new Response('busy', { status: 503 })],
    ['is no number', () => '{"probability":null}'],
    ['is no JSON', () => 'x'],
    [
      'never comes',
      () => {
        throw new Error('a bug');
      },
    ],
  ])('has failed when its answer %s', async (_, app) => {
    expect(await buildCanary(model, app)!()).toBe('failed');
  });
});
