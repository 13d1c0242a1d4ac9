/**
 * A stream of flights as NDJSON, any number: read while they come, answered line by line, never faster than the caller
 * reads (backpressure). A bad line becomes an error line, the rest goes on.
 */
import { AppError } from '../../core/errors.ts';
import type { Call, Streamed } from '../../http/call.ts';
import { LF } from '../formats/ascii.ts';
import { skipSpace } from '../formats/json-tokens.ts';
import { nestsDeeper, tooDeep } from '../formats/nesting.ts';
import { problemOf } from '../formats/problem.ts';
import { parseSwitches } from '../formats/query.ts';
import { admittedAs, shed } from '../guard/shed.ts';
import { type FlightAnswering, SLICE_ROWS } from './scoring.ts';

export const NDJSON = 'application/x-ndjson';

const NONE: readonly string[] = [];

/** Cuts a stream of bytes into lines. */
interface LineCutter {
  /** Calls `onLine` for each whole line, without its end. @throws AppError body-too-large for a line past the limit */
  readonly push: (chunk: Uint8Array, onLine: (bytes: Uint8Array) => void) => void;
  /** The last line, if it has no end. */
  readonly end: (onLine: (bytes: Uint8Array) => void) => void;
}

export const buildLineCutter = (limitBytes: number): LineCutter => {
  let rest: Uint8Array = new Uint8Array(0);
  return {
    push: (chunk, onLine) => {
      let from = 0;
      let to = chunk.indexOf(LF);
      if (to >= 0 && rest.length > 0) {
        onLine(Buffer.concat([rest, chunk.subarray(0, to)]));
        rest = new Uint8Array(0);
        from = to + 1;
        to = chunk.indexOf(LF, from);
      }
      for (; to >= 0; to = chunk.indexOf(LF, from)) {
        onLine(chunk.subarray(from, to));
        from = to + 1;
      }
      // A copy: the runtime may use the chunk's memory again.
      if (from < chunk.length) rest = Buffer.concat([rest, chunk.subarray(from)]);
      if (rest.length > limitBytes)
        throw new AppError('body-too-large', `a line is longer than ${limitBytes} bytes`);
    },
    end: (onLine) => {
      if (rest.length > 0) onLine(rest);
      rest = new Uint8Array(0);
    },
  };
};

/** Answers `POST /predict` of lines with lines. */
export const buildStream = ({
  context,
  scoring,
  scanner,
  writer,
  reasons,
}: FlightAnswering): ((call: Call) => Streamed) => {
  const { admission, config } = context;
  const { nInputs, nHeads, notices } = scoring;
  const raw = new Float64Array(SLICE_ROWS * nInputs);
  const out = new Float64Array(SLICE_ROWS * nHeads);
  const tail = `,${writer.model}}`;

  /** The answers to some lines, one per line that is not empty, in order. */
  const answerLines = (
    lines: readonly Uint8Array[],
    strict: boolean,
    explain: boolean,
    firstLine: number,
  ): string => {
    const unknown: (readonly string[])[] = [];
    const failures = new Map<number, string>();
    let nRows = 0;
    for (const [i, line] of lines.entries()) {
      try {
        unknown.push(readLine(line, strict, raw, nRows * nInputs));
        nRows++;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        failures.set(i, JSON.stringify({ line: firstLine + i, ...problemOf(error) }));
      }
    }
    if (nRows > 0) scoring.predict(raw, nRows, out);
    let text = '';
    let row = 0;
    for (let i = 0; i < lines.length; i++) {
      const failure = failures.get(i);
      if (failure !== undefined) text += `${failure}\n`;
      else {
        const odd = notices.text(raw, row * nInputs);
        const end = `${odd}${explain ? reasons.text(raw, row * nInputs) : ''}${tail}\n`;
        text += writer.write(out, row * nHeads, unknown[row]!, end);
        row++;
      }
    }
    return text;
  };

  const readLine = (
    line: Uint8Array,
    strict: boolean,
    into: Float64Array,
    at: number,
  ): readonly string[] => {
    const end = scanner.scan(line, 0, into, at);
    if (end >= 0 && skipSpace(line, end) === line.length) {
      const names = scanner.unknown();
      const isFine = names.length === 0 && notices.impossible(into, at).length === 0;
      if (!strict || isFine) return names.length === 0 ? NONE : names;
    }
    return scoring.read(parseLine(line), { pointer: '', strict }, into, at);
  };

  return (call) => {
    const { strict, explain } = parseSwitches(call.query);
    const work = explain ? 'explain' : 'predict';
    const ticket = admittedAs(context, admission.openStream(call));
    const cutter = buildLineCutter(config.bodyLimitBytes);
    const encoder = new TextEncoder();

    /** Texts of answers, in the order of the lines; nothing is read ahead of what is taken. */
    const answers = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      let nLines = 0;
      let lines: Uint8Array[] = [];
      const keep = (line: Uint8Array): void => {
        if (skipSpace(line, 0) < line.length) lines.push(line);
      };
      const flush = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
        for (let from = 0, n = 0; from < lines.length; from += n) {
          // The first slice of all that came is worked on at once where nobody else waits.
          const reason = from > 0 || ticket.isShared() ? await ticket.pause() : undefined;
          if (reason) throw shed(context, reason);
          const startMs = performance.now();
          const slice = lines.slice(from, from + ticket.sliceRows(work, SLICE_ROWS));
          n = slice.length;
          const answer = encoder.encode(answerLines(slice, strict, explain, nLines + 1));
          nLines += n;
          ticket.done(work, n, performance.now() - startMs);
          yield answer;
        }
        lines = [];
      };
      try {
        for await (const part of call.parts()) {
          cutter.push(part, keep);
          yield* flush();
        }
        cutter.end(keep);
        yield* flush();
      } catch (error) {
        // The answer has begun: what went wrong can only be its last line.
        if (!(error instanceof AppError)) throw error;
        yield encoder.encode(`${JSON.stringify(problemOf(error))}\n`);
      } finally {
        ticket.leave();
      }
    };

    const headers = new Headers({ 'content-type': NDJSON });
    return { status: 200, headers, parts: answers() };
  };
};

/** @throws AppError request-malformed */
const parseLine = (line: Uint8Array): unknown => {
  if (nestsDeeper(line)) throw tooDeep('line');
  try {
    return JSON.parse(new TextDecoder().decode(line));
  } catch (error) {
    throw new AppError('request-malformed', `the line is not JSON: ${(error as Error).message}`);
  }
};
