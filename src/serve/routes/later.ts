/**
 * Endpoints whose code is read when somebody first asks for one: pages and documents are more code than all that predicts,
 * and a worker has better things to do at its start.
 */
import type { Endpoint, Handler } from '../endpoint.ts';
import type { Route } from '../labels.ts';

/** Builds at the first call; a failure is forgotten, so that the next call tries again. */
export const once = <T>(build: () => Promise<T>): (() => Promise<T>) => {
  let built: Promise<T> | undefined;
  return () => {
    built ??= build().catch((error: unknown) => {
      built = undefined;
      throw error;
    });
    return built;
  };
};

/**
 * @param labels the paths, which offer GET, and their names in metrics
 * @param load what answers them
 */
export const later = <Path extends string>(
  labels: Readonly<Record<Path, Route>>,
  load: () => Promise<Readonly<Record<Path, Handler>>>,
): Readonly<Record<string, Endpoint>> => {
  const loaded = once(load);
  const endpointOf = (path: Path): Endpoint => {
    let answer: Handler | undefined;
    return {
      label: labels[path],
      GET: (call) =>
        answer
          ? answer(call)
          : loaded().then((handlers) => {
              answer = handlers[path];
              return answer(call);
            }),
    };
  };
  return Object.fromEntries(
    (Object.keys(labels) as Path[]).map((path) => [path, endpointOf(path)]),
  );
};
