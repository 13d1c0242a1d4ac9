/**
 * A stream of flights as NDJSON, any number: read while they come, answered line by line, never faster than the caller
 * reads (backpressure). A bad line becomes an error line, the rest goes on.
 */
import { AppError } from '../../core/errors.ts';
import type { Lang } from '../../core/language.ts';
import type { Call, Streamed } from '../../http/call.ts';
import { LF } from '../formats/ascii.ts';
import { skipSpace } from '../formats/json-tokens.ts';
import { langOf } from '../formats/language.ts';
import { excessOf, tooDeep } from '../formats/nesting.ts';
import { problemOf } from '../formats/problem.ts';
import { parseSwitches, type Switches } from '../formats/query.ts';
import { admittedAs, pauseOf } from '../guard/shed.ts';
import { type FlightAnswering, SLICE_ROWS } from './scoring.ts';

export const NDJSON = 'application/x-ndjson';

const NONE: readonly string[] = [];
const decoder = new TextDecoder();

/** Cuts a stream of bytes into lines. */
interface LineCutter {
  /** Takes over what has come; all that came before has been taken. */
  readonly feed: (chunk: Uint8Array) => void;
  /**
   * The next whole lines, without their ends, blank ones left out; none when more must come first.
   * @throws AppError body-too-large for a line past the limit
   */
  readonly take: (most: number) => readonly Uint8Array[];
  /** The last line, if it has no end. */
  readonly end: () => readonly Uint8Array[];
}

const NOTHING = new Uint8Array(0);

export const buildLineCutter = (limitBytes: number): LineCutter => {
  let chunk: Uint8Array = NOTHING;
  let at = 0;
  /** The beginning of a line whose end has not come: a copy, since the runtime may use the memory of a chunk again. */
  let begun: Uint8Array = NOTHING;
  let nBegun = 0;
  const keep = (part: Uint8Array): void => {
    if (nBegun + part.length > begun.length) {
      const larger = new Uint8Array(Math.max(nBegun + part.length, 2 * begun.length));
      larger.set(begun.subarray(0, nBegun));
      begun = larger;
    }
    begun.set(part, nBegun);
    nBegun += part.length;
  };
  const whole = (): Uint8Array => {
    const line = begun.subarray(0, nBegun);
    begun = NOTHING;
    nBegun = 0;
    return line;
  };
  const next = (): Uint8Array | undefined => {
    // No view of the chunk for each blank line: there may be one in every byte.
    if (nBegun === 0) at = skipSpace(chunk, at);
    if (at >= chunk.length) return undefined;
    const to = chunk.indexOf(LF, at);
    const part = chunk.subarray(at, to < 0 ? chunk.length : to);
    at = to < 0 ? chunk.length : to + 1;
    if (nBegun + part.length > limitBytes)
      throw new AppError('body-too-large', `a line is longer than ${limitBytes} bytes`);
    if (to >= 0 && nBegun === 0) return part;
    keep(part);
    return to < 0 ? undefined : whole();
  };
  return {
    feed: (part) => {
      chunk = part;
      at = 0;
    },
    take: (most) => {
      const lines: Uint8Array[] = [];
      while (lines.length < most && at < chunk.length) {
        const line = next();
        if (line) lines.push(line);
      }
      return lines;
    },
    end: () => (nBegun > 0 ? [whole()] : []),
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
    firstLine: number,
    { strict, explain, lang }: Switches & { readonly lang: Lang },
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
        failures.set(i, JSON.stringify({ line: firstLine + i, ...problemOf(error, lang) }));
      }
    }
    if (nRows > 0) {
      scoring.predict(raw, nRows, out);
      scoring.compare?.(raw, nRows, out, (row) => unknown[row]!.length > 0);
    }
    let text = '';
    let row = 0;
    for (let i = 0; i < lines.length; i++) {
      const failure = failures.get(i);
      if (failure !== undefined) text += `${failure}\n`;
      else {
        const odd = notices.text(raw, row * nInputs, lang);
        const end = `${odd}${explain ? reasons.text(raw, row * nInputs, lang) : ''}${tail}\n`;
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
    const asked = { ...parseSwitches(call.query), lang: langOf(call) };
    const work = asked.explain ? 'explain' : 'predict';
    const ticket = admittedAs(context, admission.openStream(call));
    const cutter = buildLineCutter(config.bodyLimitBytes);
    const encoder = new TextEncoder();

    /** Texts of answers, in the order of the lines; nothing is read ahead of what is taken. */
    const answers = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
      let nLines = 0;
      let isFirst = true;
      const pause = pauseOf(context, ticket);
      /** Answers lines that are taken one slice after the other. */
      const answer = async function* (
        take: (most: number) => readonly Uint8Array[],
      ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
        for (;;) {
          const lines = take(ticket.sliceRows(work, SLICE_ROWS));
          if (lines.length === 0) return;
          // The first slice of all that came is worked on at once where nobody else waits.
          if (!isFirst || ticket.isShared()) await pause();
          isFirst = false;
          const startMs = performance.now();
          const answer = encoder.encode(answerLines(lines, nLines + 1, asked));
          nLines += lines.length;
          ticket.done(work, lines.length, performance.now() - startMs);
          yield answer;
        }
      };
      try {
        for await (const part of call.parts()) {
          cutter.feed(part);
          isFirst = true;
          yield* answer(cutter.take);
        }
        const last = [...cutter.end()];
        yield* answer(() => last.splice(0));
      } catch (error) {
        // The answer has begun: what went wrong can only be its last line.
        if (!(error instanceof AppError)) throw error;
        yield encoder.encode(`${JSON.stringify(problemOf(error, asked.lang))}\n`);
      } finally {
        ticket.leave();
      }
    };

    const headers = new Headers({ 'content-type': NDJSON, vary: 'accept-language' });
    return { status: 200, headers, parts: answers() };
  };
};

/** @throws AppError request-malformed */
const parseLine = (line: Uint8Array): unknown => {
  if (excessOf(line)) throw tooDeep('line');
  try {
    return JSON.parse(decoder.decode(line));
  } catch (error) {
    throw new AppError('request-malformed', `the line is not JSON: ${(error as Error).message}`);
  }
};
