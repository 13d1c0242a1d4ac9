/**
 * Log lines on stderr: JSON with severity (what collectors read), or plain text on a terminal.
 * Never a request's body, a header or a key.
 */
import { visibleText } from '../host/shown-text.ts';

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
      else write(`${time.slice(11, 23)} ${at.padEnd(5)} ${linesOf(message + textOf(all))}\n`);
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

/** Bytes of lines that wait for whoever reads stderr; more are dropped. */
const WAITING_LIMIT_BYTES = 1024 * 1024;

/** What of a stream is used. */
interface Sink {
  /** @param onWritten called once the text has left this process */
  readonly write: (text: string, onWritten: () => void) => unknown;
}

/**
 * Writes lines, but never piles them up for a reader who has stalled: past the limit they are dropped, counted, and
 * their number is told once there is room again.
 * @param onDropped called for every line that is dropped
 */
export const buildLineWriter = (sink: Sink, onDropped: () => void): ((line: string) => void) => {
  let waitingBytes = 0;
  let dropped = 0;
  const write = (line: string): void => {
    waitingBytes += line.length;
    sink.write(line, () => {
      waitingBytes -= line.length;
      if (dropped === 0 || waitingBytes > WAITING_LIMIT_BYTES / 2) return;
      const lines = dropped;
      dropped = 0;
      buildLog('warn', {}, undefined, write).warn('log lines were dropped: nobody read them', {
        lines,
      });
    });
  };
  return (line) => {
    if (waitingBytes <= WAITING_LIMIT_BYTES) {
      write(line);
      return;
    }
    dropped++;
    onDropped();
  };
};

/** Whoever reads the log may go; the process stays. The stream is made when there is something to say. */
export const buildStderr = (onDropped: () => void): ((line: string) => void) =>
  buildLineWriter(
    {
      write: (text, onWritten) => {
        const { stderr } = process;
        if (stderr.listenerCount('error') === 0) stderr.on('error', () => {});
        stderr.write(text, onWritten);
      },
    },
    onDropped,
  );

const writeToStderr = buildStderr(() => {});

/** The stack of a bug keeps its lines. */
const linesOf = (text: string): string => text.split('\n').map(visibleText).join('\n');

const textOf = (fields: Fields): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');
