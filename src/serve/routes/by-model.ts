/**
 * One of several models by its name: `?model=NAME`. Without it the first answers.
 */
import { MODEL_PARAMETER } from '../../../web/model-address.ts';
import { AppError } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { ServeContext } from '../context.ts';
import { buildValueReader } from '../formats/query.ts';

const modelIn = buildValueReader(MODEL_PARAMETER);

/**
 * Builds something for each model of a service.
 * @param build is told the name of a model that answers only where it is named, else ''
 * @returns what was built for the model that a query names @throws AppError model-missing, value-invalid
 */
export const byModel = <T>(
  context: ServeContext,
  build: (context: ServeContext, named: string) => T,
): ((query: string) => T) => {
  const first = build(context, '');
  const byName = new Map([[context.loaded.model.name, first]]);
  for (const named of context.named) {
    const { name } = named.loaded.model;
    byName.set(name, build(named, name));
  }
  return (query) => {
    const name = modelIn(query);
    if (name === null) return first;
    const found = byName.get(name);
    if (found) return found;
    throw new AppError(
      'model-missing',
      `there is no model ${name.slice(0, 100)} here; there is ${[...byName.keys()].join(', ')}`,
    );
  };
};

/** Whether the first model asks for something of that name itself: then, in an address that holds a flight, it is that. */
export const takesModelAsInput = ({ loaded }: ServeContext): boolean =>
  loaded.model.inputs.some(({ name }) => name === MODEL_PARAMETER);

/** The inputs that an address may hold: in one that names its model, `model` is that name and no input. */
export const inputsInAddress = ({ loaded }: ServeContext, named: string): readonly Input[] => {
  const { inputs } = loaded.model;
  return named === '' ? inputs : inputs.filter(({ name }) => name !== MODEL_PARAMETER);
};
