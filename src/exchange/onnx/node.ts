/** The attributes of one ONNX node, by name, and what a graph's readers share. */
import { AppError } from '../../core/errors.ts';
import {
  bytesAt,
  decodeFloats,
  floatsAt,
  type Message,
  messagesAt,
  textAt,
  textsAt,
  wholeAt,
  wholesAt,
} from './protobuf.ts';

export type Attributes = ReadonlyMap<string, Message>;

export interface GraphNode {
  readonly kind: string;
  readonly attributes: Attributes;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The one matrix that a graph is given. */
export interface GraphInput {
  /** Columns, 0 where the graph does not say. */
  readonly nColumns: number;
  readonly isDouble: boolean;
}

/** Types of ONNX's tensors. @source onnx/onnx.proto, TensorProto.DataType */
export const FLOAT = 1;
export const DOUBLE = 11;
const HALVES = [10, 16];

/** Whether a type holds numbers that are not whole. */
export const isReal = (type: number): boolean =>
  type === FLOAT || type === DOUBLE || HALVES.includes(type);

/** The type that a Cast makes. */
export const castTo = (attributes: Attributes): number => wholeIn(attributes, 'to') ?? 0;

const FLOATS = 7;
const INTS = 8;

export const attributesOf = (node: Message): Attributes =>
  new Map(messagesAt(node, 5).map((attribute) => [textAt(attribute, 1), attribute]));

export const wholesIn = (attributes: Attributes, name: string, field = INTS): readonly number[] => {
  const attribute = attributes.get(name);
  return attribute ? wholesAt(attribute, field) : [];
};

/** One whole number, where the node says it. */
export const wholeIn = (attributes: Attributes, name: string): number | undefined => {
  const attribute = attributes.get(name);
  return attribute && wholeAt(attribute, 3);
};

/** One float32, where the node says it. */
export const floatIn = (attributes: Attributes, name: string): number | undefined => {
  const attribute = attributes.get(name);
  return attribute && floatsAt(attribute, 2, 4)[0];
};

export const floatsIn = (
  attributes: Attributes,
  name: string,
  field = FLOATS,
): readonly number[] => {
  const attribute = attributes.get(name);
  return attribute ? floatsAt(attribute, field, 4) : [];
};

export const textIn = (attributes: Attributes, name: string): string => {
  const attribute = attributes.get(name);
  return attribute ? textAt(attribute, 4) : '';
};

export const textsIn = (attributes: Attributes, name: string): readonly string[] => {
  const attribute = attributes.get(name);
  return attribute ? textsAt(attribute, 9) : [];
};

/** Floats, or the doubles of an attribute `NAME_as_tensor`. */
export const numbersIn = (attributes: Attributes, name: string): readonly number[] =>
  tensorIn(attributes, `${name}_as_tensor`)?.numbers ?? floatsIn(attributes, name);

interface Tensor {
  readonly isDouble: boolean;
  readonly numbers: readonly number[];
}

/** float32, float64 or uint8, as bytes or as a list. @throws AppError model-unsupported for another type */
export const tensorIn = (attributes: Attributes, name: string): Tensor | undefined => {
  const attribute = attributes.get(name);
  const tensor = attribute && messagesAt(attribute, 5)[0];
  if (!tensor) return undefined;
  const raw = bytesAt(tensor, 9)[0];
  switch (wholeAt(tensor, 2)) {
    case 1:
      return { isDouble: false, numbers: raw ? decodeFloats(raw, 4) : floatsAt(tensor, 4, 4) };
    case 2:
      return { isDouble: false, numbers: raw ? [...raw] : wholesAt(tensor, 5) };
    case 11:
      return { isDouble: true, numbers: raw ? decodeFloats(raw, 8) : floatsAt(tensor, 10, 8) };
    default:
      throw new AppError(
        'model-unsupported',
        `the ONNX model has ${name} of the type ${wholeAt(tensor, 2)}; float, double or uint8 is expected`,
      );
  }
};
