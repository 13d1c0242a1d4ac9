/**
 * Predictions as JSON text: written by concatenation, with what never changes prepared once.
 */
import type { Head } from '../../core/model.ts';
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
  const nProbabilities = heads.filter((head) => head.kind === 'probability').length;
  /** The text before each head's number. */
  const between = heads.map((head, h) => {
    if (h === 0) return `,"threshold":${threshold},"atLeastMinutes":{${keyOf(head)}`;
    return h === nProbabilities ? `},"minutes":{${keyOf(head)}` : `,${keyOf(head)}`;
  });
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
        text += number(h < nProbabilities ? value : Math.round(value * 10) / 10);
      }
      if (unknown.length > 0) return `${text}}${unknownText(unknown)}${tail}`;
      return `${text}}${tail}`;
    },
    model: `"model":${JSON.stringify({ name: model.name, version })}`,
  };
};

const KNOWN_LISTS = 1000;

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
