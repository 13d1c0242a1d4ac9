/**
 * Inference requests of the Open Inference Protocol: the document checked, its tensors read as rows of flights.
 */
import { AppError } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { Call } from '../../http/call.ts';
import { isObject, type JsonObject, parseLargeBody } from '../formats/body.ts';
import type { JsonLimits } from '../formats/nesting.ts';
import { buildColumnReader, type ColumnSink, DATATYPES, isDatatype } from '../formats/tensor.ts';
import type { Pause } from '../guard/shed.ts';
import type { Flights } from './batch.ts';

const OUTPUTS = ['probability', 'delayed'] as const;
type OutputName = (typeof OUTPUTS)[number];

export interface InferenceRequest {
  readonly id: string | undefined;
  readonly flights: Flights;
  /** By the name of an input: where its column is in the request, such as `/inputs/2`. */
  readonly columns: ReadonlyMap<string, string>;
  readonly strict: boolean;
  /** In the order asked for; `binary` as the binary extension has it. */
  readonly outputs: readonly { readonly name: OutputName; readonly binary: boolean }[];
}

/** Where the values of columns are read from: a document, and the binary tensors behind it. */
interface ColumnSource {
  readonly bytes: Uint8Array;
  readonly tensorsAt: number;
  readonly pause: Pause;
}

const invalid = (pointer: string, detail: string): AppError =>
  new AppError('value-invalid', detail, { faults: [{ pointer, detail }] });

/** The field that says how long the document is, where binary tensors stand behind it. */
export const DOCUMENT_LENGTH = 'inference-header-content-length';

/**
 * The document at the head of a body, and where the binary tensors begin.
 * @throws AppError request-malformed, value-invalid
 */
const splitBody = async (
  bytes: Uint8Array,
  call: Call,
  { limits, pause }: { readonly limits: JsonLimits; readonly pause: Pause },
): Promise<{ document: JsonObject; tensorsAt: number }> => {
  const header = call.header(DOCUMENT_LENGTH);
  const tensorsAt = header === null ? bytes.length : Number(header);
  if (!Number.isInteger(tensorsAt) || tensorsAt < 0 || tensorsAt > bytes.length) {
    throw new AppError(
      'request-malformed',
      'Inference-Header-Content-Length is not a length within the body',
    );
  }
  const document = await parseLargeBody(bytes.subarray(0, tensorsAt), limits, pause);
  if (!isObject(document)) throw invalid('', 'the body must be a JSON object');
  return { document, tensorsAt };
};

/** Far more than a request has: one for each input and output, and their parameters; a list for each element at most. */
const OBJECTS_PER_TENSOR = 8;
const LEAST_OBJECTS = 1000;

/** What a document may hold for a model with so many inputs. */
export const inferenceLimits = (nInputs: number, limitRows: number): JsonLimits => ({
  objects: Math.max(LEAST_OBJECTS, OBJECTS_PER_TENSOR * (nInputs + 2)),
  lists: limitRows * nInputs + LEAST_OBJECTS,
});

/** Columns of more rows than this are read one at a time, with room for others in between. */
const PAUSED_ROWS = 512;

/**
 * A reader of inference requests for a model's inputs. It asks for `pause` between large columns.
 * @throws AppError request-malformed, value-invalid, batch-too-large
 */
export const buildInferenceReader = (
  inputs: readonly Input[],
  limitRows: number,
): ((bytes: Uint8Array, call: Call, pause: Pause) => Promise<InferenceRequest>) => {
  const readers = new Map(
    inputs.map((input, place) => [input.name, { place, read: buildColumnReader(input) }]),
  );
  const nInputs = inputs.length;
  const limits = inferenceLimits(nInputs, limitRows);

  const readColumns = async (
    columns: readonly unknown[],
    { bytes, tensorsAt, pause }: ColumnSource,
  ): Promise<Pick<InferenceRequest, 'flights' | 'columns'>> => {
    const nRows = rowsOf(columns, limitRows);
    const raw = new Float64Array(nRows * nInputs).fill(Number.NaN);
    const names = new Map<number, string[]>();
    const faults: ColumnSink['faults'] = [];
    const given = new Map<string, string>();
    let at = tensorsAt;
    for (const [i, column] of columns.entries()) {
      if (i > 0 && nRows > PAUSED_ROWS) await pause();
      const pointer = `/inputs/${i}`;
      if (!isObject(column) || typeof column['name'] !== 'string')
        throw invalid(pointer, 'an input needs a name');
      const { name, datatype, data } = column;
      const size = binarySize(column);
      const reader = readers.get(name);
      if (!reader)
        throw invalid(`${pointer}/name`, `the model has no input named ${name.slice(0, 60)}`);
      if (given.has(name)) throw invalid(`${pointer}/name`, `${name} is given twice`);
      given.set(name, pointer);
      if (!isDatatype(datatype))
        throw invalid(
          `${pointer}/datatype`,
          `the datatype must be one of ${DATATYPES.join(', ')}${typeof datatype === 'string' ? `, not ${datatype.slice(0, 20)}` : ''}`,
        );
      const unknown = new Uint8Array(nRows);
      const sink = {
        raw,
        at: reader.place,
        stride: nInputs,
        nRows,
        pointer,
        faults,
        unknown,
        row: 0,
      };
      if (size !== undefined) {
        if (at + size > bytes.length)
          throw invalid(pointer, `the body ends inside the bytes of ${name}`);
        reader.read.readBinary({ datatype, bytes, from: at, to: at + size }, sink);
        at += size;
      } else reader.read.readJson(flatten(data, nRows, pointer), sink);
      for (let row = unknown.indexOf(1); row >= 0; row = unknown.indexOf(1, row + 1)) {
        const before = names.get(row);
        if (before) before.push(name);
        else names.set(row, [name]);
      }
    }
    if (at !== bytes.length)
      throw invalid('/inputs', 'the body holds more bytes than its inputs say');
    for (const { name, required } of inputs)
      if (required && !given.has(name))
        faults.push({ pointer: '/inputs', detail: `${name} is required` });
    if (faults.length > 0)
      throw new AppError('value-invalid', faults[0]!.detail, { faults: faults.slice(0, 100) });
    return { flights: { nRows, raw, unknown: names }, columns: given };
  };

  return async (bytes, call, pause) => {
    const { document, tensorsAt } = await splitBody(bytes, call, { limits, pause });
    const { inputs: columns } = document;
    const id = isAbsent(document['id']) ? undefined : document['id'];
    if (id !== undefined && typeof id !== 'string') throw invalid('/id', 'id must be a string');
    if (!Array.isArray(columns)) throw invalid('/inputs', 'inputs must be a list');
    const outputs = outputsOf(document);
    return {
      id,
      ...(await readColumns(columns, { bytes, tensorsAt, pause })),
      strict: parameterOf(document, 'strict') === true,
      outputs,
    };
  };
};

/** The number of flights that the shapes agree on. */
const rowsOf = (columns: readonly unknown[], limitRows: number): number => {
  let nRows: number | undefined;
  for (const [i, column] of columns.entries()) {
    const shape = isObject(column) ? column['shape'] : undefined;
    const isShape =
      Array.isArray(shape) &&
      shape.length > 0 &&
      shape.every((side) => Number.isInteger(side) && side >= 0) &&
      shape.slice(1).every((side) => side === 1);
    if (!isShape) throw invalid(`/inputs/${i}/shape`, 'a shape must be [n] or [n,1]');
    if (nRows !== undefined && shape[0] !== nRows)
      throw invalid(
        `/inputs/${i}/shape`,
        `all inputs must hold as many values: ${nRows} and ${shape[0]}`,
      );
    nRows = shape[0] as number;
  }
  if ((nRows ?? 0) > limitRows)
    throw new AppError(
      'batch-too-large',
      `the batch holds ${nRows} flights; up to ${limitRows} are taken`,
    );
  return nRows ?? 0;
};

/** Nested lists are row-major: their leaves in order. */
const flatten = (data: unknown, nRows: number, pointer: string): readonly unknown[] => {
  const flat = Array.isArray(data) ? data.flat(3) : [];
  if (!Array.isArray(data) || flat.length !== nRows)
    throw invalid(`${pointer}/data`, `data must be a list of ${nRows} values`);
  return flat;
};

const parameterOf = (owner: JsonObject, name: string): unknown => {
  const { parameters } = owner;
  return isObject(parameters) && Object.hasOwn(parameters, name) ? parameters[name] : undefined;
};

/** `null` is written by clients that have nothing to say. */
const isAbsent = (value: unknown): value is null | undefined =>
  value === undefined || value === null;

const binarySize = (column: JsonObject): number | undefined => {
  const size = parameterOf(column, 'binary_data_size');
  if (isAbsent(size)) return undefined;
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
    throw invalid('/inputs', 'binary_data_size must be a whole number');
  return size;
};

const outputsOf = (document: JsonObject): InferenceRequest['outputs'] => {
  const byDefault = parameterOf(document, 'binary_data_output') === true;
  const { outputs } = document;
  // An empty list asks for nothing in particular: all of them, as other servers have it.
  if (isAbsent(outputs) || (Array.isArray(outputs) && outputs.length === 0))
    return OUTPUTS.map((name) => ({ name, binary: byDefault }));
  if (!Array.isArray(outputs)) throw invalid('/outputs', 'outputs must be a list');
  const given = new Set<OutputName>();
  return outputs.map((output: unknown, i) => {
    const name = isObject(output) ? output['name'] : undefined;
    const known = OUTPUTS.find((one) => one === name);
    if (!isObject(output) || known === undefined)
      throw invalid(`/outputs/${i}/name`, `the outputs are ${OUTPUTS.join(' and ')}`);
    if (given.has(known)) throw invalid(`/outputs/${i}/name`, `${known} is asked for twice`);
    given.add(known);
    const binary = parameterOf(output, 'binary_data');
    return { name: known, binary: typeof binary === 'boolean' ? binary : byDefault };
  });
};
