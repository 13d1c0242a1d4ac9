/**
 * What a service says once it is ready: to the log, or to a person at a terminal.
 */
import type { ServeConfig } from '../../serve/config.ts';
import type { Log } from '../../serve/log.ts';
import type { ModelRole } from '../../serve/messages.ts';
import { isLoopback } from '../../serve/supervisor/ports.ts';
import type { Started } from '../../serve/supervisor/supervisor.ts';
import { programName } from '../output.ts';

export const warnOfOpenPorts = (
  { host, auth, adminHost, controlTokenFile }: ServeConfig,
  log: Log,
): void => {
  if (!isLoopback(host) && auth === undefined)
    log.warn(`anybody who reaches ${host} may call it: see --auth`);
  if (!isLoopback(adminHost) && controlTokenFile === undefined)
    log.info(`reload and rollback are refused on ${adminHost}: see --control-token-file`);
};

/** `jfk 20261122T101500Z-1a2b3c4d, late60 ...`; undefined where there is none. */
const namesOf = ({ others = [] }: Started, wanted: ModelRole): string | undefined =>
  others
    .filter(({ role }) => role === wanted)
    .map(({ name, version }) => `${name} ${version}`)
    .join(', ') || undefined;

/** Where programs read the log, it holds nothing but its own lines. */
export const logStarted = (started: Started, log: Log): void => {
  const { url, adminUrl, healthUrl, workers, model, readyMs } = started;
  log.info('the service is ready', {
    url,
    adminUrl,
    healthUrl,
    workers,
    model: model.name,
    version: model.version,
    also: namesOf(started, 'named'),
    shadow: namesOf(started, 'shadow'),
    readyMs: Math.round(readyMs),
  });
};

/** What a person at a terminal wants to know now; the last lines come once the service has told its example. */
export async function* startupLines(started: Started): AsyncGenerator<string> {
  const { url, adminUrl, healthUrl, workers, model, readyMs } = started;
  const [also, shadow] = [namesOf(started, 'named'), namesOf(started, 'shadow')];
  yield `Puntual serves ${model.name} ${model.version}`;
  if (also !== undefined) yield `  and by name: ${also}`;
  if (shadow !== undefined) yield `  compared with the shadow ${shadow}`;
  yield '';
  yield `  page      ${url}`;
  yield `  admin     ${adminUrl}   /readyz /workers /metrics`;
  if (healthUrl) yield `  health    ${healthUrl}   /readyz /workers /metrics`;
  yield `  workers   ${workers}, ready after ${Math.round(readyMs)} ms`;
  yield '';
  yield 'Try:';
  for (const line of await thingsToTry(url, adminUrl)) yield `  ${line}`;
  yield '';
}

/** Commands that work as they are: the example is a flight that the model itself names. */
const thingsToTry = async (url: string, adminUrl: string): Promise<readonly string[]> => {
  const lines = [`${programName()} stress ${url}`, `curl ${adminUrl}/workers`];
  try {
    const { example } = (await (await fetch(`${url}/model`)).json()) as { example?: unknown };
    if (example === undefined) return lines;
    const ask = `curl ${url}/predict -H 'content-type: application/json' -d '${JSON.stringify(example)}'`;
    return [ask, ...lines];
  } catch {
    // Behind a key or a certificate of its own, the page and the documents say how to ask.
    return lines;
  }
};
