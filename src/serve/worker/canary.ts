/**
 * The canary of a worker: once a second it asks itself for a flight of the model's self-test, by all that answers a
 * caller but the socket and the key, and compares the answer with the one that was stored with the model. Memory that
 * went bad, or code that the runtime compiled wrongly, shows here before anybody complains.
 */
import { buildInputReader } from '../../core/inputs.ts';
import type { Model } from '../../core/model.ts';
import { type Answer, type Call, isReady, lasting } from '../../http/call.ts';
import { buildReferencePredictor } from '../../predict/reference.ts';
import type { ServeContext } from '../context.ts';
import { exampleFlight, recordedFlight } from '../documents/schema.ts';
import type { Handler } from '../endpoint.ts';
import { CANARY_OUTCOMES, type CanaryOutcome } from '../labels.ts';
import { buildApp } from './app.ts';
import { scratchOf } from './scratch.ts';

const EVERY_MS = 1000;
/** As at the start, see `predict/verify.ts`. */
const TOLERANCE = 1e-12;

interface Known {
  readonly flight: Readonly<Record<string, unknown>>;
  readonly probability: number;
}

/**
 * Asks as long as the process lives, and only while it is ready.
 * @param counts float64, shape (CANARY_OUTCOMES.length), in shared memory
 */
export const startCanary = (context: ServeContext, counts: Float64Array): void => {
  const build = (): ReturnType<typeof buildCanary> => {
    const { model } = context.loaded;
    const canary = buildCanary(model, buildApp(scratchOf(context)));
    if (!canary) context.log.debug('the canary has no flight to ask for', { model: model.name });
    return canary;
  };
  // Built when it first asks: a start has better things to do.
  let canary: { readonly ask: ReturnType<typeof buildCanary> } | undefined;
  setInterval(async () => {
    if (context.state() !== 'ready') return;
    canary ??= { ask: build() };
    const outcome = await canary.ask?.();
    if (outcome === undefined) return;
    counts[CANARY_OUTCOMES.indexOf(outcome)]! += 1;
    if (outcome !== 'right')
      context.log.error('the canary got a wrong answer or none', { outcome });
  }, EVERY_MS).unref();
};

/** Asks for one flight after the other; undefined where none can be written as a request. */
export const buildCanary = (
  model: Model,
  app: Handler,
): (() => Promise<CanaryOutcome>) | undefined => {
  const flights = knownFlights(model);
  if (flights.length === 0) return undefined;
  let turn = 0;
  return async () => {
    const { flight, probability } = flights[turn++ % flights.length]!;
    try {
      const body = new TextEncoder().encode(JSON.stringify(flight));
      const told = await probabilityIn(await lasting(app(callOf(body))));
      if (told === undefined) return 'failed';
      const isRight =
        Math.abs(told - probability) <= TOLERANCE * Math.max(1, Math.abs(probability));
      return isRight ? 'right' : 'wrong';
    } catch {
      return 'failed';
    }
  };
};

/** Flights of the self-test that mean as a request exactly what they mean there; else the example, as the model defines it. */
const knownFlights = (model: Model): readonly Known[] => {
  const { inputs, heads, selfTest } = model;
  const readInputs = buildInputReader(inputs);
  const width = inputs.length;
  const read = new Float64Array(width);
  const known: Known[] = [];
  for (let row = 0; row < selfTest.nRows; row++) {
    const raw = selfTest.raw.subarray(row * width, (row + 1) * width);
    const flight = recordedFlight(inputs, raw);
    const { faults } = readInputs(flight, read, 0);
    if (faults.length === 0 && read.every((value, i) => Object.is(value, raw[i])))
      known.push({ flight, probability: selfTest.answers[row * heads.length]! });
  }
  if (known.length === 0) {
    const flight = exampleFlight(model);
    const answers = new Float64Array(heads.length);
    if (readInputs(flight, read, 0).faults.length === 0) {
      buildReferencePredictor(model).predictInto(read, 1, answers);
      known.push({ flight, probability: answers[0]! });
    }
  }
  return known.filter(({ probability }) => Number.isFinite(probability));
};

const callOf = (body: Uint8Array<ArrayBuffer>): Call => ({
  method: 'POST',
  path: '/predict',
  query: '',
  headMark: 0,
  header: (name) => (name === 'content-type' ? 'application/json' : null),
  peer: () => '',
  origin: () => 'http://canary',
  bytes: () => body,
  inPlace: () => ({ source: body, at: 0, end: body.length }),
  parts: async function* () {
    yield body;
  },
  signal: () => new AbortController().signal,
});

/** Undefined for an answer that is none. */
const probabilityIn = async (answer: Answer): Promise<number | undefined> => {
  if (answer instanceof Response && !answer.ok) return undefined;
  const { probability } = JSON.parse(await textOf(answer)) as { probability?: unknown };
  return typeof probability === 'number' ? probability : undefined;
};

const textOf = async (answer: Answer): Promise<string> => {
  if (typeof answer === 'string') return answer;
  // What pages of other origins may read is marked so, and no text any more.
  if (answer instanceof Response) return answer.text();
  return isReady(answer) && answer.kind === 'spoken' ? answer.text : '{}';
};
