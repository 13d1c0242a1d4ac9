/** The attributes of one ONNX node, by name, and what a graph's readers share. Stands below `onnx` and `onnx-ensemble`. */
import {
  bytesAt,
  floatsAt,
  floatsOf,
  type Message,
  messagesAt,
  textAt,
  textsAt,
  wholesAt,
} from './protobuf.ts';

export type Attributes = ReadonlyMap<string, Message>;

/** The one matrix that a graph is given. */
export interface GraphInput {
  /** Columns, 0 where the graph does not say. */
  readonly nColumns: number;
  readonly isDouble: boolean;
}

const FLOATS = 7;
const INTS = 8;

export const attributesOf = (node: Message): Attributes =>
  new Map(messagesAt(node, 5).map((attribute) => [textAt(attribute, 1), attribute]));

export const wholesIn = (attributes: Attributes, name: string, field = INTS): readonly number[] => {
  const attribute = attributes.get(name);
  return attribute ? wholesAt(attribute, field) : [];
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
export const numbersIn = (attributes: Attributes, name: string): readonly number[] => {
  const attribute = attributes.get(`${name}_as_tensor`);
  const tensor = attribute && messagesAt(attribute, 5)[0];
  if (!tensor) return floatsIn(attributes, name);
  const raw = bytesAt(tensor, 9)[0];
  return raw ? floatsOf(raw, 8) : floatsAt(tensor, 10, 8);
};
