/**
 * Variables that Kubernetes sets for Services and that look like ours: a Service called `puntual` sets
 * `PUNTUAL_PORT=tcp://10.96.0.7:80` in every pod of its namespace, one called `puntual-admin` PUNTUAL_ADMIN_PORT.
 * @source Kubernetes, "Environment variables" of Services: compatible with Docker's links
 */

/** `tcp://10.96.0.7:80`; never the value of a setting of ours, all of which are numbers where the name ends in _PORT. */
const LINK = /^(?:tcp|udp|sctp):\/\//;

/**
 * Takes such variables out of the environment.
 * @returns their names
 */
export const takeServiceLinks = (env: Record<string, string | undefined>): readonly string[] => {
  const names = Object.keys(env).filter(
    (name) => name.startsWith('PUNTUAL_') && name.endsWith('_PORT') && LINK.test(env[name] ?? ''),
  );
  for (const name of names) delete env[name];
  return names;
};
