/**
 * Predictions as JSON text: written by concatenation, with what never changes prepared once.
 */
import type { Head, Model } from '../../core/model.ts';
import type { LoadedModel } from '../../core/model-file.ts';

export interface AnswerWriter {
  /**
   * `{"delayed":...,"probability":...,...` of the answers at `out[at]`, the names of unknown inputs, then `tail`.
   * @param tail what closes the object: '}', or more members first
   */
  readonly write: (
    out: Float64Array,
    at: number,
    unknown: readonly string[],
    tail: string,
  ) => string;
  /** `"model":{...}`. */
  readonly model: string;
}

/** What an answer to a flight is made of. */
export interface Answered {
  /** Its numbers begin at `out[outAt]`. */
  readonly out: Float64Array;
  readonly outAt: number;
  /** Names of its unknown inputs. */
  readonly unknown: readonly string[];
  /** More members, in UTF-8, each with the comma before it: they come before the tail. */
  readonly said: Uint8Array;
}

/** The answer to a flight as bytes. */
interface AnswerBytes {
  /** @returns the most bytes that `write` takes for this flight */
  readonly mostBytes: (answered: Answered) => number;
  /** What `AnswerWriter.write` makes, in UTF-8. @returns the place behind it */
  readonly write: (answered: Answered, into: Uint8Array, at: number) => number;
}

/** What every client of the interface writes: 0.5 is `p50`, 0.999 is `p99.9`. */
export const levelName = (level: number): string => `p${Number((level * 100).toPrecision(6))}`;

const DELAYED = '{"delayed":true,"probability":';
const ON_TIME = '{"delayed":false,"probability":';

/**
 * @cost one number-to-text conversion per head, one string: the pieces between the numbers are prepared
 */
export const buildAnswerWriter = ({ model, version }: LoadedModel): AnswerWriter => {
  const { heads, threshold } = model;
  const nHeads = heads.length;
  const nProbabilities = countProbabilities(heads);
  const between = textsBetween(model);
  const [firstBetween] = between;
  const unknownText = buildUnknownText();
  return {
    write: (out, at, unknown, tail) => {
      const probability = out[at]!;
      const first = number(probability);
      let text = `${probability >= threshold ? DELAYED : ON_TIME}${first}${firstBetween}${first}`;
      for (let h = 1; h < nHeads; h++) {
        const value = out[at + h]!;
        text += between[h]!;
        text += number(h < nProbabilities ? value : toTenths(value));
      }
      if (unknown.length > 0) return `${text}}${unknownText(unknown)}${tail}`;
      return `${text}}${tail}`;
    },
    model: `"model":${JSON.stringify({ name: model.name, version })}`,
  };
};

/** The longest number is one like -1.2345678901234567e-300. */
const NUMBER_BYTES = 25;

/**
 * @param tail what closes the object: '}', or more members first
 * @cost one conversion per number, whose digits are copied; makes no other string
 */
export const buildAnswerBytes = ({ model }: LoadedModel, tail: string): AnswerBytes => {
  const { heads, threshold } = model;
  const nHeads = heads.length;
  const nProbabilities = countProbabilities(heads);
  const [delayed, onTime, end, close, last] = [DELAYED, ON_TIME, `}${tail}`, '}', tail].map(
    bytesOf,
  );
  const between = textsBetween(model).map(bytesOf);
  const unknownBytes = buildUnknownBytes();
  const fixedBytes =
    onTime!.length +
    end!.length +
    between.reduce((sum, { length }) => sum + length, 0) +
    (nHeads + 1) * NUMBER_BYTES;
  return {
    mostBytes: ({ unknown, said }) =>
      fixedBytes + said.length + (unknown.length === 0 ? 0 : unknownBytes(unknown).length),
    write: ({ out, outAt, unknown, said }, into, from) => {
      const probability = out[outAt]!;
      const first = number(probability);
      const start = probability >= threshold ? delayed! : onTime!;
      into.set(start, from);
      let at = putDigits(first, into, from + start.length);
      for (let h = 0; h < nHeads; h++) {
        const piece = between[h]!;
        into.set(piece, at);
        at += piece.length;
        if (h === 0) at = putDigits(first, into, at);
        else {
          const value = out[outAt + h]!;
          at = putDigits(number(h < nProbabilities ? value : toTenths(value)), into, at);
        }
      }
      if (unknown.length === 0 && said.length === 0) {
        into.set(end!, at);
        return at + end!.length;
      }
      const list = unknown.length > 0 ? unknownBytes(unknown) : close!;
      into.set(list, at);
      at += list.length;
      into.set(said, at);
      at += said.length;
      into.set(last!, at);
      return at + last!.length;
    },
  };
};

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

const putDigits = (digits: string, into: Uint8Array, at: number): number => {
  for (let i = 0; i < digits.length; i++) into[at + i] = digits.charCodeAt(i);
  return at + digits.length;
};

const toTenths = (minutes: number): number => Math.round(minutes * 10) / 10;

const countProbabilities = (heads: readonly Head[]): number =>
  heads.filter((head) => head.kind === 'probability').length;

/** The text before each head's number. */
const textsBetween = ({ heads, threshold }: Model): readonly string[] => {
  const nProbabilities = countProbabilities(heads);
  return heads.map((head, h) => {
    if (h === 0) return `,"threshold":${threshold},"atLeastMinutes":{${keyOf(head)}`;
    return h === nProbabilities ? `},"minutes":{${keyOf(head)}` : `,${keyOf(head)}`;
  });
};

const KNOWN_LISTS = 1000;

/** `},"unknown":[...]` by the list itself: a scanner gives the same one for the same inputs. */
const buildUnknownBytes = (): ((names: readonly string[]) => Uint8Array) => {
  const known = new Map<readonly string[], Uint8Array>();
  const textOf = buildUnknownText();
  return (names) => {
    let bytes = known.get(names);
    if (bytes === undefined) {
      if (known.size === KNOWN_LISTS) known.clear();
      bytes = bytesOf(`}${textOf(names)}`);
      known.set(names, bytes);
    }
    return bytes;
  };
};

/** `,"unknown":[...]`; the same few lists come again and again. */
const buildUnknownText = (): ((names: readonly string[]) => string) => {
  const texts = new Map<string, string>();
  return (names) => {
    const key = names.join();
    let text = texts.get(key);
    if (text === undefined) {
      text = `,"unknown":${JSON.stringify(names)}`;
      if (texts.size < KNOWN_LISTS) texts.set(key, text);
    }
    return text;
  };
};

const keyOf = (head: Head): string =>
  head.kind === 'probability' ? `"${head.minutes}":` : `"${levelName(head.level)}":`;

/** JSON has no NaN. */
const number = (value: number): string => (Number.isFinite(value) ? `${value}` : 'null');
