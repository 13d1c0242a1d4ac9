/**
 * A foreign model's feature over a column, where the column itself is made of an input.
 */
import { AppError } from '../core/errors.ts';
import type { Feature } from '../core/features.ts';
import type { Assignment } from './column-mapping.ts';

/** @throws AppError value-invalid where the two do not fit together */
export const composeFeature = (feature: Feature, assignments: readonly Assignment[]): Feature => {
  if (feature.step === 'elapsedMinutes') throw new TypeError('no reader makes an elapsedMinutes');
  const [part] = feature.step === 'lookup' ? feature.parts : [];
  const column = feature.step === 'lookup' ? part!.input : feature.input;
  const { input, feature: own } = assignments[Number(column)]!;
  const name = `${own.name}${feature.name}`;
  if (feature.step === 'number') return own;
  if ((feature.step === 'scale' || feature.step === 'line') && own.step === 'number')
    return { ...feature, input: input.name, name };
  if ((feature.step === 'scale' || feature.step === 'line') && own.step === 'equals') {
    const moved = (x: number): number =>
      feature.step === 'line'
        ? x * feature.factor + feature.offset
        : (x - feature.shift) / feature.scale;
    const code = input.values?.indexOf(own.value) ?? -1;
    return {
      name,
      step: 'lookup',
      parts: [{ of: 'code', input: input.name, radix: input.values?.length ?? 0 }],
      keys: Float64Array.of(code),
      numbers: Float64Array.of(moved(1)),
      otherwise: moved(0),
    };
  }
  if (own.step === 'code') {
    if (feature.step === 'lookup')
      return { ...feature, parts: [{ ...part!, input: input.name }], name };
    if (feature.step === 'equals' || feature.step === 'code')
      return { ...feature, input: input.name, name };
  }
  throw new AppError(
    'value-invalid',
    `the inputs file cannot be used: the model turns a column into a number (${feature.step}) that ${input.name} cannot give (${own.step})`,
  );
};
