/**
 * The Open Inference Protocol V2: metadata, health, inference by JSON and by binary tensors, repository index.
 */
import { AppError } from '../../core/errors.ts';
import { VERSION } from '../../core/version.ts';
import type { Call } from '../../http/call.ts';
import type { ServeContext } from '../context.ts';
import { type Endpoint, jsonHeaders } from '../endpoint.ts';
import { datatypeOf } from '../formats/tensor.ts';
import { shed } from '../guard/shed.ts';
import { buildInferenceReader, type InferenceRequest } from '../scoring/inference.ts';
import { buildScoring } from '../scoring/scoring.ts';

/** Columns are read already, so a slice is half the work of one of `/predict`. */
const SLICE_ROWS = 512;

/** Every path of the protocol for the model that is loaded. */
export const buildV2 = (context: ServeContext): Readonly<Record<string, Endpoint>> => {
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
  const index = (): Response =>
    Response.json([
      { name: model.name, version, state: isReady() ? 'READY' : 'UNAVAILABLE', reason: '' },
    ]);
  const ofModel = (path: string): Record<string, Endpoint> => ({
    [path]: { label: '/v2/models/{model}', GET: () => Response.json(metadata) },
    [`${path}/ready`]: {
      label: '/v2/models/{model}/ready',
      GET: () =>
        Response.json({ name: model.name, ready: isReady() }, { status: isReady() ? 200 : 503 }),
    },
    [`${path}/infer`]: infer,
  });
  const infer = buildInfer(context);
  const server = {
    name: 'puntual',
    version: VERSION,
    extensions: ['binary_tensor_data', 'model_repository'],
  };
  return {
    '/v2': { label: '/v2', GET: () => Response.json(server) },
    '/v2/': { label: '/v2', GET: () => Response.json(server) },
    '/v2/health/live': { label: '/v2/health/live', GET: () => Response.json({ live: true }) },
    '/v2/health/ready': {
      label: '/v2/health/ready',
      GET: () => Response.json({ ready: isReady() }, { status: isReady() ? 200 : 503 }),
    },
    '/v2/repository/index': {
      label: '/v2/repository/index',
      POST: { types: ['application/json'], answer: index },
    },
    ...ofModel(own),
    ...ofModel(`${own}/versions/${encodeURIComponent(version)}`),
  };
};

const buildInfer = (context: ServeContext): Endpoint => {
  const { loaded, admission, config } = context;
  const read = buildInferenceReader(loaded.model.inputs, config.batchLimitRows);
  const scoring = buildScoring(context);
  const { nInputs, nHeads } = scoring;
  const { threshold } = loaded.model;
  const out = new Float64Array(SLICE_ROWS * nHeads);

  const predict = async ({ flights, strict }: InferenceRequest, call: Call): Promise<Answers> => {
    if (strict && flights.unknown.size > 0) throw neverSeen(flights.unknown);
    const { nRows, raw } = flights;
    const answers = {
      probability: new Float64Array(nRows),
      delayed: new Uint8Array(nRows),
      unknown: [...new Set([...flights.unknown.values()].flat())],
    };
    const deadline = nRows > SLICE_ROWS ? admission.deadlineOf(call) : undefined;
    for (let from = 0; from < nRows; from += SLICE_ROWS) {
      const reason = deadline && from > 0 ? await admission.pause(deadline) : undefined;
      if (reason) throw shed(context, reason);
      const n = Math.min(SLICE_ROWS, nRows - from);
      scoring.predict(raw.subarray(from * nInputs, (from + n) * nInputs), n, out);
      for (let row = 0; row < n; row++) {
        const probability = out[row * nHeads]!;
        answers.probability[from + row] = probability;
        answers.delayed[from + row] = probability >= threshold ? 1 : 0;
      }
    }
    return answers;
  };

  return {
    label: '/v2/models/{model}/infer',
    POST: {
      types: ['application/json', 'application/octet-stream'],
      answer: async (bytes, call) => {
        const asked = read(bytes, call);
        const kind = asked.flights.nRows > 1 ? 'batch' : 'single';
        const refused = admission.tryEnter(kind);
        if (refused) throw shed(context, refused);
        try {
          const answers = await predict(asked, call);
          return answerOf(loaded.model.name, loaded.version, asked, answers);
        } finally {
          admission.leave(kind);
        }
      },
    },
  };
};

interface Answers {
  readonly probability: Float64Array;
  /** 0 or 1. */
  readonly delayed: Uint8Array;
  readonly unknown: readonly string[];
}

const DATATYPES = { probability: 'FP64', delayed: 'BOOL' } as const;

const answerOf = (
  name: string,
  version: string,
  { id, outputs, flights }: InferenceRequest,
  answers: Answers,
): Response => {
  const tensors: Uint8Array[] = [];
  const document = {
    model_name: name,
    model_version: version,
    ...(id === undefined ? {} : { id }),
    ...(answers.unknown.length === 0 ? {} : { parameters: { unknown: answers.unknown.join() } }),
    outputs: outputs.map((output) => {
      const shape = [flights.nRows];
      const datatype = DATATYPES[output.name];
      const data = answers[output.name];
      if (output.binary) {
        tensors.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        return {
          name: output.name,
          datatype,
          shape,
          parameters: { binary_data_size: data.byteLength },
        };
      }
      const list = output.name === 'delayed' ? Array.from(data, (bit) => bit === 1) : [...data];
      return { name: output.name, datatype, shape, data: list };
    }),
  };
  const text = JSON.stringify(document);
  if (tensors.length === 0) return new Response(text, { headers: jsonHeaders });
  const head = Buffer.from(text);
  return new Response(Buffer.concat([head, ...tensors]), {
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    },
  });
};

const neverSeen = (unknown: ReadonlyMap<number, readonly string[]>): AppError => {
  const faults = [...unknown].slice(0, 100).flatMap(([row, names]) =>
    names.map((name) => ({
      pointer: `/inputs/${name}/data/${row}`,
      detail: `${name} has a value that the model has never seen`,
    })),
  );
  return new AppError('value-invalid', faults[0]!.detail, { faults });
};
