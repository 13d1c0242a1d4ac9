/**
 * A stream of flights as NDJSON, any number: read while they come, answered line by line, never faster than the caller
 * reads (backpressure). A bad line becomes an error line, the rest goes on.
 */
import { AppError } from '../../core/errors.ts';
import type { Lang } from '../../core/language.ts';
import { blocks } from '../../host/blocks.ts';
import type { Call, Streamed } from '../../http/call.ts';
import { LOOKS_BYTES } from '../../http/limits.ts';
import { LF } from '../formats/ascii.ts';
import { isRefusedLine, parseLine, parseLongLine, SMALL_BYTES } from '../formats/body.ts';
import { isSpace, skipSpace } from '../formats/json-tokens.ts';
import { langOf } from '../formats/language.ts';
import { problemOf } from '../formats/problem.ts';
import { parseSwitches, type Switches } from '../formats/query.ts';
import type { Points } from '../../predict/explain/explain.ts';
import { admittedAs, type Pause, pauseOf, workClock } from '../guard/shed.ts';
import { prepareReasons } from './reasons.ts';
import { type FlightAnswering, SLICE_ROWS } from './scoring.ts';

export const NDJSON = 'application/x-ndjson';

const NONE: readonly string[] = [];

/** Cuts a stream of bytes into lines. */
interface LineCutter {
  /** Takes over what has come; all that came before has been taken. */
  readonly feed: (chunk: Uint8Array) => void;
  /**
   * The next whole lines, without their ends, blank ones left out: so many, or as many as a slice of bytes holds. Of a
   * line that is refused for what it begins with no more than that. Good until more are taken.
   * @throws AppError body-too-large for a line past the limit
   */
  readonly take: (most: number) => readonly Uint8Array[];
  /** Nothing is left of what has come: more must come first. */
  readonly isEmpty: () => boolean;
  /** The last line, if it has no end. */
  readonly end: () => readonly Uint8Array[];
  /** No more lines are wanted, and none is read any more. */
  readonly drop: () => void;
}

const NOTHING = new Uint8Array(0);

/** No more is looked at in one go: there may be a line in every other byte, or none at all. */
const SLICE_BYTES = 64 * 1024;

export const buildLineCutter = (limitBytes: number): LineCutter => {
  let chunk: Uint8Array = NOTHING;
  let at = 0;
  /** The beginning of a line whose end has not come: a copy, since the runtime may use the memory of a chunk again. */
  let begun = NOTHING;
  let nBegun = 0;
  /** Of that line that have come, and how often it was looked at. */
  let nCome = 0;
  let nLooks = 0;
  let isRefused = false;
  /** Where the last line lies that was put together. */
  let given = NOTHING;
  const moveTo = (block: Uint8Array<ArrayBuffer>): void => {
    block.set(begun.subarray(0, nBegun));
    blocks.give(begun);
    begun = block;
  };
  const keep = (part: Uint8Array): void => {
    nCome += part.length;
    if (isRefused) return;
    const nBytes = nBegun + part.length;
    if (nBytes > begun.length)
      moveTo(blocks.take(Math.max(nBytes, Math.min(2 * begun.length, limitBytes))));
    begun.set(part, nBegun);
    nBegun += part.length;
    for (let look = LOOKS_BYTES[nLooks]; look !== undefined && nBegun >= look; ) {
      if (isRefusedLine(begun.subarray(0, look))) {
        isRefused = true;
        nBegun = look;
        moveTo(blocks.take(look));
        return;
      }
      look = LOOKS_BYTES[++nLooks];
    }
  };
  const whole = (): Uint8Array => {
    const line = begun.subarray(0, nBegun);
    given = begun;
    begun = NOTHING;
    nBegun = 0;
    nCome = 0;
    nLooks = 0;
    isRefused = false;
    return line;
  };
  const next = (until: number): Uint8Array | undefined => {
    // No view of the chunk for each blank line: there may be one in every byte.
    if (nBegun === 0) while (at < until && isSpace(chunk[at]!)) at++;
    if (at >= until) return undefined;
    const to = chunk.indexOf(LF, at);
    const part = chunk.subarray(at, to < 0 ? chunk.length : to);
    at = to < 0 ? chunk.length : to + 1;
    if (nCome + part.length > limitBytes)
      throw new AppError('body-too-large', `a line is longer than ${limitBytes} bytes`);
    if (to >= 0 && nBegun === 0) return part;
    keep(part);
    return to < 0 ? undefined : whole();
  };
  const giveBack = (): void => {
    blocks.give(given);
    given = NOTHING;
  };
  return {
    feed: (part) => {
      chunk = part;
      at = 0;
    },
    take: (most) => {
      giveBack();
      const lines: Uint8Array[] = [];
      const until = Math.min(chunk.length, at + SLICE_BYTES);
      while (lines.length < most && at < until) {
        const line = next(until);
        if (line) lines.push(line);
      }
      return lines;
    },
    isEmpty: () => at >= chunk.length,
    end: () => (nBegun > 0 ? [whole()] : []),
    drop: () => {
      giveBack();
      blocks.give(begun);
      begun = NOTHING;
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

  /** The answers to some lines, one per line that is not empty, in order, and how many are no flights. */
  const answerLines = async (
    lines: readonly Line[],
    firstLine: number,
    { strict, explain, lang }: Switches & { readonly lang: Lang },
    pause: Pause,
  ): Promise<{ readonly text: string; readonly nFailed: number }> => {
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
    let points: readonly Points[] | undefined;
    if (explain && nRows > 0 && reasons.isLong()) {
      // Other streams are in `raw` meanwhile.
      const own = raw.slice(0, nRows * nInputs);
      scoring.complete(own, 0, nRows);
      points = await reasons.inTurns(own, nRows, pause);
      raw.set(own);
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
        const end = `${odd}${explain ? reasons.text(raw, row * nInputs, lang, points?.[row]) : ''}${tail}\n`;
        text += writer.write(out, row * nHeads, unknown[row]!, end);
        row++;
      }
    }
    return { text, nFailed: failures.size };
  };

  const readLine = (
    line: Line,
    strict: boolean,
    into: Float64Array,
    at: number,
  ): readonly string[] => {
    if (!(line instanceof Uint8Array))
      return scoring.read(line.parsed(), { pointer: '', strict }, into, at);
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
      /** What a line of this stream has cost lately: one that is no flight costs more than a flight. */
      let lineMs = 0;
      const answer = async (lines: readonly Line[]): Promise<Uint8Array<ArrayBuffer>> => {
        // The first slice of all that came is worked on at once where nobody else waits.
        if (!isFirst || ticket.isShared()) await pause();
        isFirst = false;
        const clock = workClock(pause);
        const { text, nFailed } = await answerLines(lines, nLines + 1, asked, clock.pause);
        const part = encoder.encode(text);
        const ms = clock.workMs();
        nLines += lines.length;
        lineMs += LINE_COST_STEP * (ms / lines.length - lineMs);
        if (nFailed === 0) ticket.done(work, lines.length, ms);
        return part;
      };
      try {
        if (asked.explain) await prepareReasons(context.loaded.model);
        for await (const part of call.parts()) {
          cutter.feed(part);
          isFirst = true;
          while (!cutter.isEmpty()) {
            const lines = cutter.take(ticket.sliceRows(work, SLICE_ROWS, lineMs));
            if (lines.length > 0) yield await answer(await withLongParsed(lines, pause));
            else if (!cutter.isEmpty()) await pause();
          }
        }
        const last = cutter.end();
        if (last.length > 0) yield await answer(await withLongParsed(last, pause));
      } catch (error) {
        // The answer has begun: what went wrong can only be its last line.
        if (!(error instanceof AppError)) throw error;
        yield encoder.encode(`${JSON.stringify(problemOf(error, asked.lang))}\n`);
      } finally {
        cutter.drop();
        ticket.leave();
      }
    };

    const headers = new Headers({ 'content-type': NDJSON, vary: 'accept-language' });
    return { status: 200, headers, parts: answers() };
  };
};

/** A line, or what a long one holds, which was parsed in turns before. */
type Line = Uint8Array | { readonly parsed: () => unknown };

const LINE_COST_STEP = 0.3;

const withLongParsed = async (
  lines: readonly Uint8Array[],
  pause: Pause,
): Promise<readonly Line[]> => {
  if (lines.every((line) => line.length <= SMALL_BYTES)) return lines;
  const parsed: Line[] = [];
  for (const line of lines)
    parsed.push(line.length <= SMALL_BYTES ? line : await parseLongLine(line, pause));
  return parsed;
};
