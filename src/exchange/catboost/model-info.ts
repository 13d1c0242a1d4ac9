/**
 * What CatBoost says of a model beside its trees: version, loss, class labels; and the features that are not read.
 */
import { unsupported } from './errors.ts';

type Json = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `tags/v1.2.10` among much else. */
export const versionIn = (text: unknown): string =>
  /tags\/v([\d.]+)/.exec(String(text ?? ''))?.[1] ?? '';

export const parametersOf = (
  parameters: unknown,
  classParameters: unknown,
): { readonly loss: string; readonly classes: readonly string[] | undefined } => {
  const loss = isRecord(parameters) ? parameters['loss_function'] : undefined;
  const names = isRecord(classParameters) ? classParameters['class_names'] : undefined;
  return {
    loss: String(isRecord(loss) ? loss['type'] : ''),
    classes: Array.isArray(names) ? names.map(labelOf) : undefined,
  };
};

const labelOf = (label: unknown): string =>
  typeof label === 'boolean' ? (label ? 'True' : 'False') : String(label);

/** @throws AppError model-unsupported for features of which a file keeps more than borders and hashes */
export const refuseStatistics = ({
  ctrs,
  texts,
  embeddings,
}: Readonly<Record<'ctrs' | 'texts' | 'embeddings', number>>): void => {
  if (ctrs > 0)
    throw unsupported(
      'has categorical features with statistics of the target (CTRs), which are not read; one that was trained with one_hot_max_size above the number of categories, or on one-hot columns, is read',
    );
  if (texts > 0) throw unsupported('has text features; numbers and categories are read');
  if (embeddings > 0) throw unsupported('has embeddings; numbers and categories are read');
};
