/**
 * The Open Inference Protocol V2: metadata, health, inference by JSON and by binary tensors, repository index.
 */
import { AppError, type Fault, pointerTo } from '../../core/errors.ts';
import type { Lang } from '../../core/language.ts';
import type { LoadedModel } from '../../core/model-file.ts';
import { VERSION } from '../../core/version.ts';
import type { Call } from '../../http/call.ts';
import { finishInTurns } from '../../predict/gradual.ts';
import type { ServeContext, Ticket } from '../context.ts';
import { type Endpoint, jsonHeaders, spokenHeaders } from '../endpoint.ts';
import { SMALL_BYTES } from '../formats/body.ts';
import { langOf } from '../formats/language.ts';
import { datatypeOf } from '../formats/tensor.ts';
import { admitted, admittedAs, pauseOf, shed } from '../guard/shed.ts';
import { completeInTurns } from '../scoring/batch.ts';
import { buildDecisiveExcess } from '../scoring/batch-beginning.ts';
import {
  buildInferenceReader,
  DOCUMENT_LENGTH,
  inferenceLimits,
  type InferenceRequest,
} from '../scoring/inference.ts';
import { buildScoring } from '../scoring/scoring.ts';

/** Columns are read already, so a slice is half the work of one of `/predict`. */
const SLICE_ROWS = 512;

/** Every path of the protocol, for all models of the service. */
export const buildV2 = (context: ServeContext): Readonly<Record<string, Endpoint>> => {
  const { named, state } = context;
  const isReady = (): boolean => state() === 'ready';
  const all = [context, ...named];
  const index = (): Response =>
    Response.json(
      all.map(({ loaded: { model, version } }) => ({
        name: model.name,
        version,
        state: isReady() ? 'READY' : 'UNAVAILABLE',
        reason: '',
      })),
    );
  const server = {
    name: 'puntual',
    version: VERSION,
    extensions: ['binary_tensor_data', 'model_repository'],
  };
  return {
    '/v2': { label: '/v2', GET: () => Response.json(server) },
    '/v2/health/live': { label: '/v2/health/live', GET: () => Response.json({ live: true }) },
    '/v2/health/ready': {
      label: '/v2/health/ready',
      GET: () => Response.json({ ready: isReady() }, { status: isReady() ? 200 : 503 }),
    },
    '/v2/repository/index': {
      label: '/v2/repository/index',
      // Clients send any type or none, and nothing of it is needed.
      POST: { answer: index },
    },
    ...Object.assign({}, ...all.map(buildV2Of)),
  };
};

/** The paths of one model, with its version and without. */
const buildV2Of = (context: ServeContext): Readonly<Record<string, Endpoint>> => {
  const { loaded, state } = context;
  const { model, version } = loaded;
  const isReady = (): boolean => state() === 'ready';
  const own = `/v2/models/${encodeURIComponent(model.name)}`;
  const metadata = {
    name: model.name,
    versions: [version],
    platform: 'puntual',
    inputs: model.inputs.map((input) => ({
      name: input.name,
      datatype: datatypeOf(input),
      shape: [-1],
    })),
    outputs: [
      { name: 'probability', datatype: 'FP64', shape: [-1] },
      { name: 'delayed', datatype: 'BOOL', shape: [-1] },
    ],
  };
  const infer = buildInfer(context);
  const ofModel = (path: string): Record<string, Endpoint> => ({
    [path]: { label: '/v2/models/{model}', GET: () => Response.json(metadata) },
    [`${path}/ready`]: {
      label: '/v2/models/{model}/ready',
      GET: () =>
        Response.json({ name: model.name, ready: isReady() }, { status: isReady() ? 200 : 503 }),
    },
    [`${path}/infer`]: infer,
  });
  return { ...ofModel(own), ...ofModel(`${own}/versions/${encodeURIComponent(version)}`) };
};

const buildInfer = (context: ServeContext): Endpoint => {
  const { loaded, admission, config } = context;
  const read = buildInferenceReader(loaded.model.inputs, config.batchLimitRows);
  const scoring = buildScoring(context);
  const { nInputs, nHeads, notices } = scoring;
  const excess = buildDecisiveExcess(inferenceLimits(nInputs, config.batchLimitRows));
  const { threshold } = loaded.model;
  const out = new Float64Array(SLICE_ROWS * nHeads);

  const slice = (
    { flights: { raw, nRows, unknown }, outputs }: InferenceRequest,
    { from, most }: { readonly from: number; readonly most: number },
    answers: Answers,
  ): number => {
    const n = Math.min(most, nRows - from);
    const rows = raw.subarray(from * nInputs, (from + n) * nInputs);
    scoring.predict(rows, n, out);
    scoring.compare?.(rows, n, out, (row) => unknown.has(from + row));
    for (let row = 0; row < n; row++) {
      for (const { detail } of notices.find(raw, (from + row) * nInputs)?.faults(answers.lang) ??
        [])
        if (answers.notices.size < NOTICES_KEPT) answers.notices.add(detail);
      const probability = out[row * nHeads]!;
      answers.probability[from + row] = probability;
      answers.delayed[from + row] = probability >= threshold ? 1 : 0;
    }
    for (const { name, binary } of outputs)
      if (!binary) answers.texts[name].push(listText(name, answers[name].subarray(from, from + n)));
    return n;
  };

  /** @throws AppError value-invalid for values that were never seen or cannot be */
  const refuseOdd = ({ flights, columns }: InferenceRequest): void => {
    const { nRows, raw, unknown } = flights;
    const faults: Fault[] = [];
    const columnAt = new Map([...columns].map(([name, column]) => [pointerTo(name), column]));
    for (let row = 0; row < nRows && faults.length < FAULTS_KEPT; row++) {
      const seen = unknown.get(row) ?? [];
      const odd = notices.impossible(raw, row * nInputs);
      for (const name of seen)
        faults.push({
          pointer: `${columns.get(name)}/data/${row}`,
          detail: `${name} has a value that the model has never seen`,
        });
      for (const { pointer, detail } of odd)
        faults.push({ pointer: `${columnAt.get(pointer)}/data/${row}`, detail });
    }
    if (faults.length > 0) throw new AppError('value-invalid', faults[0]!.detail, { faults });
  };

  const answersFor = ({ flights: { nRows, unknown } }: InferenceRequest, lang: Lang): Answers => ({
    lang,
    probability: new Float64Array(nRows),
    delayed: new Uint8Array(nRows),
    texts: { probability: [], delayed: [] },
    notices: new Set(),
    unknown: [...new Set([...unknown.values()].flat())],
  });

  /** All of a batch, slice by slice. @throws AppError overloaded, deadline-passed */
  const answerBatch = async (
    asked: InferenceRequest,
    ticket: Ticket,
    lang: Lang,
  ): Promise<Answers> => {
    const { nRows } = asked.flights;
    const refused = ticket.charge({ work: 'predict', nRows, answerBytes: nRows * ROW_BYTES });
    if (refused) throw shed(context, refused);
    const pause = pauseOf(context, ticket);
    await completeInTurns(scoring, asked.flights, pause);
    await finishInTurns(scoring.around.byEachOther(asked.flights.raw, nRows), pause);
    const answers = answersFor(asked, lang);
    for (let from = 0; from < nRows; ) {
      const reason = from > 0 || ticket.isShared() ? await ticket.pause() : undefined;
      if (reason) throw shed(context, reason);
      const startMs = performance.now();
      const most = ticket.sliceRows('predict', SLICE_ROWS);
      const n = slice(asked, { from, most }, answers);
      from += n;
      ticket.done('predict', n, performance.now() - startMs);
    }
    return answers;
  };

  const withTicket = async (
    call: Call,
    work: (ticket: Ticket) => Promise<Response>,
  ): Promise<Response> => {
    const ticket = admittedAs(context, admission.enterBatch(call));
    try {
      return await work(ticket);
    } finally {
      ticket.sent();
      ticket.leave();
    }
  };

  const large = async (bytes: Uint8Array, call: Call, ticket: Ticket): Promise<Response> => {
    const pause = pauseOf(context, ticket);
    if (ticket.isShared()) await pause();
    const asked = await read(bytes, call, pause);
    if (asked.strict) refuseOdd(asked);
    return answerOf(loaded, asked, await answerBatch(asked, ticket, langOf(call)));
  };

  return {
    label: '/v2/models/{model}/infer',
    POST: {
      types: ['application/json', 'application/octet-stream'],
      // Binary tensors are no text: where they begin the field says, which is looked at when all has come.
      decidedBy: (call) => (call.header(DOCUMENT_LENGTH) === null ? excess : undefined),
      answer: async (bytes, call) => {
        // A large body is read in its turn, a small one at once: it may be a single flight.
        if (bytes.length > SMALL_BYTES)
          return withTicket(call, (ticket) => large(bytes, call, ticket));
        const asked = await read(bytes, call, unpaused);
        const { nRows } = asked.flights;
        if (asked.strict) refuseOdd(asked);
        if (nRows > 1)
          return withTicket(call, async (ticket) =>
            answerOf(loaded, asked, await answerBatch(asked, ticket, langOf(call))),
          );
        return admitted(context, () => {
          const answers = answersFor(asked, langOf(call));
          if (nRows === 1) slice(asked, { from: 0, most: 1 }, answers);
          return answerOf(loaded, asked, answers);
        });
      },
    },
  };
};

const unpaused = async (): Promise<void> => {};

interface Answers {
  /** Of the notices. */
  readonly lang: Lang;
  readonly probability: Float64Array;
  /** 0 or 1. */
  readonly delayed: Uint8Array;
  /** The elements of each output that is asked for as JSON, a text for each slice. */
  readonly texts: Readonly<Record<'probability' | 'delayed', string[]>>;
  readonly unknown: readonly string[];
  /** What is odd about some of the flights. */
  readonly notices: Set<string>;
}

const FAULTS_KEPT = 100;
/** Different notices about one batch that are told. */
const NOTICES_KEPT = 10;

/** About how many bytes one row takes in an answer. */
const ROW_BYTES = 32;

/** The elements of a slice as JSON, without brackets. */
const listText = (name: 'probability' | 'delayed', data: Float64Array | Uint8Array): string =>
  JSON.stringify(name === 'delayed' ? Array.from(data, (bit) => bit === 1) : [...data]).slice(
    1,
    -1,
  );

const DATATYPES = { probability: 'FP64', delayed: 'BOOL' } as const;

const parametersOf = ({ unknown, notices }: Answers): { readonly parameters?: object } => {
  if (unknown.length === 0 && notices.size === 0) return {};
  return {
    parameters: {
      ...(unknown.length === 0 ? {} : { unknown: unknown.join() }),
      ...(notices.size === 0 ? {} : { notices: [...notices].join('; ') }),
    },
  };
};

const answerOf = (
  { model, version }: LoadedModel,
  { id, outputs, flights: { nRows } }: InferenceRequest,
  answers: Answers,
): Response => {
  const tensors: Uint8Array[] = [];
  const head = {
    model_name: model.name,
    model_version: version,
    ...(id === undefined ? {} : { id }),
    ...parametersOf(answers),
  };
  const outputTexts = outputs.map(({ name, binary }) => {
    const output = { name, datatype: DATATYPES[name], shape: [nRows] };
    if (!binary)
      return `${JSON.stringify(output).slice(0, -1)},"data":[${answers.texts[name].join()}]}`;
    const { buffer, byteOffset, byteLength } = answers[name];
    tensors.push(new Uint8Array(buffer, byteOffset, byteLength));
    return JSON.stringify({ ...output, parameters: { binary_data_size: byteLength } });
  });
  const text = `${JSON.stringify(head).slice(0, -1)},"outputs":[${outputTexts.join()}]}`;
  // Only the notices depend on the language.
  const said = answers.notices.size > 0 ? spokenHeaders : jsonHeaders;
  if (tensors.length === 0) return new Response(text, { headers: said });
  const bytes = Buffer.from(text);
  return new Response(Buffer.concat([bytes, ...tensors]), {
    headers: {
      ...said,
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(bytes.length),
    },
  });
};
