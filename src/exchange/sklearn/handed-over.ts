/**
 * The model in what people pickle: alone, or in a dictionary, list or tuple with the names of its columns, or as an
 * attribute of an object of their own.
 */
import { AppError } from '../../core/errors.ts';
import { isKind, type PyObject, type PyValue, unsupported } from '../pickle/python-values.ts';
import { textsIn } from './column-names.ts';
import { shortName } from './estimator.ts';
import { isModel } from './meta-estimators.ts';
import { isStep } from './pipeline-steps.ts';

interface HandedOver {
  readonly model: PyObject;
  /** Names of columns that lay beside it. */
  readonly names?: readonly string[];
}

/** One value inside another, and the words of a path that leads to it. */
interface Entry {
  readonly path: string;
  readonly value: PyValue;
}

const DEPTH_LIMIT = 4;
const ENTRIES_LIMIT = 10_000;

/**
 * The only model in a value.
 * @param path which one, where there are several or something else belongs to it: keys, indices and attributes, by dots
 * @throws AppError model-unsupported, value-invalid (the path leads nowhere)
 */
export const findModel = (value: PyValue, path?: string): HandedOver => {
  if (path !== undefined) return modelAt(value, path);
  if (isKind(value, 'object')) {
    if (value.isOwn) throw ownClass(value);
    return { model: value };
  }
  const entries = entriesOf(value);
  const models = entries.filter((entry): entry is Entry & { value: PyObject } =>
    isKind(entry.value, 'object') ? isModel(entry.value) : false,
  );
  const [only] = models;
  if (!only)
    throw unsupported(
      `the pickle holds ${nameOf(value)}${entries.length > 0 ? ` of ${whatIs(entries)}` : ''}, not a model; dump the fitted estimator or pipeline alone`,
    );
  if (models.length > 1)
    throw unsupported(
      `the pickle holds ${models.length} models: say which with --path ${models
        .map((m) => m.path)
        .slice(0, 5)
        .join(' or --path ')}`,
    );
  const step = entries.find((entry) => isKind(entry.value, 'object') && isStep(entry.value));
  if (step)
    throw unsupported(
      `the pickle holds a ${shortName((step.value as PyObject).name)} (${step.path}) beside the model: if the model's columns go through it first, dump a Pipeline of both; if not, --path ${only.path} takes the model alone`,
    );
  const names = namesBeside(entries);
  return { model: only.value, ...(names && { names }) };
};

const modelAt = (value: PyValue, path: string): HandedOver => {
  let at = value;
  let around = value;
  for (const word of path.split('.')) {
    around = at;
    const inner = childrenOf(at).find((entry) => entry.path === word);
    if (!inner) {
      const there = childrenOf(at)
        .filter((entry) => isKind(entry.value, 'object'))
        .map((entry) => entry.path);
      throw new AppError(
        'value-invalid',
        `--path ${path}: the pickle has no ${word} there${there.length > 0 ? `, but ${there.slice(0, 10).join(', ')}` : ''}`,
      );
    }
    at = inner.value;
  }
  if (!isKind(at, 'object') || at.isOwn)
    throw new AppError('value-invalid', `--path ${path} leads to ${nameOf(at)}, not to a model`);
  const names = namesBeside(childrenOf(around));
  return { model: at, ...(names && { names }) };
};

/** What lies directly in a value. */
const childrenOf = (value: PyValue): readonly Entry[] => {
  if (isKind(value, 'list') || isKind(value, 'tuple'))
    return value.items.map((item, i) => ({ path: `${i}`, value: item }));
  if (isKind(value, 'dict'))
    return [...value.entries].map(([key, item]) => ({ path: String(key), value: item }));
  if (isKind(value, 'object') && isKind(value.state, 'dict'))
    return [...value.state.entries].map(([key, item]) => ({ path: String(key), value: item }));
  return [];
};

/** What lies in a container and in those inside it, not in objects. */
const entriesOf = (value: PyValue): readonly Entry[] => {
  const found: Entry[] = [];
  const visit = (container: PyValue, before: string, depth: number): void => {
    if (isKind(container, 'object')) return;
    for (const { path, value: inner } of childrenOf(container)) {
      if (found.length > ENTRIES_LIMIT) return;
      const entry = { path: `${before}${path}`, value: inner };
      found.push(entry);
      if (depth < DEPTH_LIMIT) visit(inner, `${entry.path}.`, depth + 1);
    }
  };
  visit(value, '', 1);
  return found;
};

/** Lists of texts that are called columns, features or the like: the only one, if all say the same. */
const namesBeside = (entries: readonly Entry[]): readonly string[] | undefined => {
  const lists = entries.flatMap(({ path, value }) => {
    const key = path.slice(path.lastIndexOf('.') + 1);
    if (!/col(umn)?s|feature|feats/i.test(key)) return [];
    const names = textsIn(value);
    return names ? [names] : [];
  });
  const [first] = lists;
  return first && lists.every((list) => list.join('\0') === first.join('\0')) ? first : undefined;
};

const ownClass = (value: PyObject): AppError => {
  const models = childrenOf(value)
    .filter((entry) => isKind(entry.value, 'object') && isModel(entry.value))
    .map(({ path }) => path);
  return unsupported(
    `the pickle holds an object of ${value.name}; ${models.length > 0 ? `--path ${models.join(' or --path ')} takes the model out of it` : 'none of its attributes is a model that is read'}`,
  );
};

/** The kinds of what lies in a container, for a message. */
const whatIs = (entries: readonly Entry[]): string =>
  [...new Set(entries.map(({ value }) => nameOf(value)))].slice(0, 4).join(', ');

const nameOf = (value: PyValue): string => {
  if (isKind(value, 'dict')) return 'a dictionary';
  if (isKind(value, 'list')) return 'a list';
  if (isKind(value, 'tuple')) return 'a tuple';
  if (isKind(value, 'array')) return 'an array';
  if (isKind(value, 'global')) return `the class ${value.name}`;
  if (isKind(value, 'object')) return `a ${value.name.slice(0, 80)}`;
  return typeof value === 'string' ? 'a text' : 'a plain value';
};
