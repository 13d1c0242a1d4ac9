/**
 * Proxies that the environment names (`HTTP_PROXY`): the runtime's `fetch` goes through them to any address, also to this
 * very machine, of which a proxy elsewhere knows nothing.
 */
const THIS_MACHINE = ['localhost', '127.0.0.1', '::1'];

/** From now on these hosts are asked directly, beside those that the environment says; `*`: all. */
export const askDirectly = (hosts: readonly string[] = THIS_MACHINE): void => {
  const { env } = process;
  const all = [env['no_proxy'] ?? env['NO_PROXY'] ?? '', ...hosts].filter((host) => host !== '');
  // The runtime reads one of the two, and not the same one whichever is set.
  env['no_proxy'] = env['NO_PROXY'] = all.join(',');
};
