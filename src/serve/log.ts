/**
 * Log lines on stderr: JSON with severity (what collectors read), or plain text on a terminal.
 * Never a request's body, a header or a key.
 */

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
type LogLine = (message: string, fields?: Fields) => void;

export interface Log {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}

/** @source Google Cloud LogSeverity, which OpenTelemetry's names map to */
const SEVERITIES = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' } as const;

/**
 * @param always fields of every line, such as the worker's number
 * @param form text on a terminal unless it is given
 * @param write takes one line with its line end
 */
export const buildLog = (
  level: LogLevel,
  always: Fields = {},
  form?: 'json' | 'text',
  write: (line: string) => void = writeToStderr,
): Log => {
  const lowest = LOG_LEVELS.indexOf(level);
  const lineOf = (at: keyof typeof SEVERITIES): LogLine => {
    if (LOG_LEVELS.indexOf(at) < lowest) return () => {};
    return (message, fields) => {
      const time = new Date().toISOString();
      const all = { ...always, ...fields };
      if ((form ?? usualForm()) === 'json')
        write(`${JSON.stringify({ severity: SEVERITIES[at], time, message, ...all })}\n`);
      else write(`${time.slice(11, 23)} ${at.padEnd(5)} ${message}${textOf(all)}\n`);
    };
  };
  return {
    debug: lineOf('debug'),
    info: lineOf('info'),
    warn: lineOf('warn'),
    error: lineOf('error'),
  };
};

const usualForm = (): 'json' | 'text' => (process.stderr.isTTY ? 'text' : 'json');

/** Whoever reads the log may go; the process stays. The stream is made when there is something to say. */
const writeToStderr = (line: string): void => {
  const { stderr } = process;
  if (stderr.listenerCount('error') === 0) stderr.on('error', () => {});
  stderr.write(line);
};

const textOf = (fields: Fields): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');
