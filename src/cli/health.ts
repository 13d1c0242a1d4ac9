/**
 * `puntual health`: asks a running service whether it is ready. Exit code 0 when it is, 1 when it is not or does not
 * answer: what containers and scripts check, without any other program in the image.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { askDirectly } from '../host/proxies.ts';
import { DEFAULT_CONFIG } from '../serve/config.ts';
import { fetchFault } from '../host/fetch-fault.ts';
import { printLine } from './output.ts';
import { durationMs, setting, wholeNumber } from './setting.ts';

interface HealthOptions {
  readonly adminPort: number;
  readonly timeout: number;
  readonly insecure?: true;
}

const TIMEOUT_MS = 2000;
const NOT_READY = 1;

export const describe = (command: Command): void => {
  command
    .description(
      'Asks a service whether it is ready: exit code 0 when it is, 1 when it is not. Without a URL, the admin port of this machine.',
    )
    .argument('[url]', 'address, with or without a path (default path: /readyz)')
    .addOption(
      setting(
        '--admin-port <port>',
        'port that is asked without a URL',
        DEFAULT_CONFIG.adminPort,
      ).argParser(wholeNumber(1, 65_535)),
    )
    .addOption(
      setting('--timeout <time>', 'time for an answer')
        .default(TIMEOUT_MS, `${TIMEOUT_MS / 1000}s`)
        .argParser(durationMs),
    )
    .option('--insecure', 'take any certificate')
    .action(async (url: string | undefined, options: HealthOptions) => {
      // What a proxy answers says nothing of the service.
      askDirectly(['*']);
      const target = targetOf(url ?? `http://127.0.0.1:${options.adminPort}`);
      const { isReady, says } = await askHealth(target, options);
      if (isReady) printLine(says);
      else process.stderr.write(`puntual: ${target} ${says}\n`);
      process.exitCode = isReady ? 0 : NOT_READY;
    });
};

/** @throws InvalidArgumentError */
const targetOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError(
      `'${text}' is not an address: one such as http://localhost:8081 is expected.`,
    );
  if (url.pathname === '/') url.pathname = '/readyz';
  return url.href;
};

/** An answer of any length is read no further than it is shown. */
const firstOf = async (response: Response): Promise<string> => {
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > 1000) break;
  }
  return text;
};

const askHealth = async (
  url: string,
  { timeout, insecure }: HealthOptions,
): Promise<{ readonly isReady: boolean; readonly says: string }> => {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
      ...(insecure && { tls: { rejectUnauthorized: false } }),
    });
    const text = (await firstOf(response)).trim().slice(0, 200);
    const isReady = response.status === 200;
    return { isReady, says: isReady ? text || 'ok' : `answers ${response.status}: ${text}` };
  } catch (error) {
    const isLate = (error as Error).name === 'TimeoutError';
    const says = isLate
      ? `does not answer within ${timeout} ms`
      : `cannot be asked: ${fetchFault(error)}`;
    return { isReady: false, says };
  }
};
