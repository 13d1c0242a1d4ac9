/** Nodes, constants and types of an ONNX graph, encoded. */
import { bytesField, messageField, textField, wholeField, wholesField } from './protobuf.ts';

/** A graph while it is written. */
export interface GraphParts {
  readonly nodes: Uint8Array[];
  readonly constants: Uint8Array[];
  /** Begins the names of what is written now, so that several models fit in one graph. */
  readonly prefix: string;
}

export const startParts = (): GraphParts => ({ nodes: [], constants: [], prefix: '' });

/** The name of the graph's one input. */
export const FEATURES = 'features';

export const TYPE = { float: 1, int64: 7, double: 11 } as const;
type TensorKind = (typeof TYPE)[keyof typeof TYPE];

/** Kinds of attributes, by what they hold. */
const KIND = { int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

/** A node's attributes by name, by what they hold. */
interface NodeAttributes {
  readonly int?: Readonly<Record<string, number>>;
  readonly ints?: Readonly<Record<string, readonly number[]>>;
  readonly strings?: Readonly<Record<string, readonly string[]>>;
  readonly text?: Readonly<Record<string, string>>;
  /** float64 tensors of one dimension. */
  readonly doubles?: Readonly<Record<string, readonly number[]>>;
}

interface NodeFields {
  readonly kind: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: NodeAttributes;
  /** The operator set; ONNX's own where none is named. */
  readonly domain?: string;
}

/** A NodeProto. */
export const node = ({
  kind,
  inputs,
  outputs,
  attributes = {},
  domain = '',
}: NodeFields): Uint8Array =>
  Buffer.concat([
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(3, outputs[0]!),
    textField(4, kind),
    ...Object.entries(attributes.int ?? {}).map(([name, value]) =>
      attribute(name, KIND.int, wholeField(3, value)),
    ),
    ...Object.entries(attributes.ints ?? {}).map(([name, values]) =>
      attribute(name, KIND.ints, wholesField(8, values)),
    ),
    ...Object.entries(attributes.strings ?? {}).map(([name, values]) =>
      attribute(name, KIND.strings, Buffer.concat(values.map((text) => textField(9, text)))),
    ),
    ...Object.entries(attributes.text ?? {}).map(([name, text]) =>
      attribute(name, KIND.string, textField(4, text)),
    ),
    ...Object.entries(attributes.doubles ?? {}).map(([name, values]) =>
      attribute(
        name,
        KIND.tensor,
        bytesField(5, constant('', TYPE.double, [values.length], values)),
      ),
    ),
    ...(domain === '' ? [] : [textField(7, domain)]),
  ]);

/** Adds a step of one output. */
export const addNode = (
  parts: GraphParts,
  kind: string,
  inputs: readonly string[],
  output: string,
): void => addNodeWith(parts, { kind, inputs, output, int: {} });

/** Adds a step of one output that has whole numbers as attributes. */
export const addNodeWith = (
  { nodes, prefix }: GraphParts,
  {
    kind,
    inputs,
    output,
    int,
  }: Pick<NodeFields, 'kind' | 'inputs'> & {
    readonly output: string;
    readonly int: Readonly<Record<string, number>>;
  },
): void => {
  const own = (name: string): string => (name === FEATURES ? name : `${prefix}${name}`);
  nodes.push(node({ kind, inputs: inputs.map(own), outputs: [own(output)], attributes: { int } }));
};

const attribute = (name: string, kind: number, value: Uint8Array): Uint8Array =>
  messageField(5, [textField(1, name), value, wholeField(20, kind)]);

/** A TensorProto. */
export const constant = (
  name: string,
  type: TensorKind,
  shape: readonly number[],
  values: readonly number[],
): Uint8Array => {
  const raw =
    type === TYPE.double
      ? Float64Array.from(values)
      : type === TYPE.float
        ? Float32Array.from(values)
        : BigInt64Array.from(values, BigInt);
  return Buffer.concat([
    wholesField(1, shape),
    wholeField(2, type),
    ...(name === '' ? [] : [textField(8, name)]),
    bytesField(9, new Uint8Array(raw.buffer)),
  ]);
};

export const scalar = (name: string, value: number, { constants, prefix }: GraphParts): void => {
  constants.push(constant(`${prefix}${name}`, TYPE.float, [1], [value]));
};

/** A ValueInfoProto: N rows, and columns where there are any. */
export const tensorType = (name: string, type: TensorKind, nColumns?: number): Uint8Array => {
  const dimensions = [
    messageField(1, [textField(2, 'N')]),
    ...(nColumns === undefined ? [] : [messageField(1, [wholeField(1, nColumns)])]),
  ];
  return Buffer.concat([
    textField(1, name),
    messageField(2, [messageField(1, [wholeField(1, type), messageField(2, dimensions)])]),
  ]);
};
