/**
 * One of several models by its name: `?model=NAME`. Without it the first answers.
 */
import { AppError } from '../../core/errors.ts';
import type { ServeContext } from '../context.ts';
import { buildValueReader } from '../formats/query.ts';

const PARAMETER = 'model';
const modelIn = buildValueReader(PARAMETER);

/**
 * Builds something for each model of a service.
 * @returns what was built for the model that a query names @throws AppError model-missing, value-invalid
 */
export const byModel = <T>(
  context: ServeContext,
  build: (context: ServeContext) => T,
): ((query: string) => T) => {
  const first = build(context);
  const byName = new Map([[context.loaded.model.name, first]]);
  for (const named of context.named) byName.set(named.loaded.model.name, build(named));
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
  loaded.model.inputs.some(({ name }) => name === PARAMETER);
