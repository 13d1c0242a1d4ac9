/** @jsxImportSource preact */
/**
 * The charts of the page, as SVG without style attributes, which the content security policy forbids.
 */
import type { Prediction, Subject } from './view.ts';
import { countOf, numberOf, type Words } from './words/words.ts';

const N_DOTS = 50;
const BIN_MINUTES = 15;
const LAST_BIN = 60;

/** Minutes late below which the share `level` of flights stays. */
interface Knot {
  readonly minutes: number;
  readonly level: number;
}

/** The distribution of the delay as far as the model answers for it, rising in both. */
const knotsOf = ({ atLeastMinutes, minutes = {} }: Prediction): readonly Knot[] => {
  const knots = [
    ...Object.entries(atLeastMinutes).map(([late, chance]) => ({
      minutes: Number(late),
      level: 1 - chance,
    })),
    ...Object.entries(minutes).map(([name, value]) => ({
      minutes: value,
      level: Number(name.slice(1)) / 100,
    })),
  ].sort((a, b) => a.minutes - b.minutes || a.level - b.level);
  let highest = 0;
  return knots.map(({ minutes: late, level }) => {
    highest = Math.max(highest, level);
    return { minutes: late, level: highest };
  });
};

/** Minutes late of the dot at `level`; -Infinity below the first knot, Infinity above the last. */
const delayAt = (knots: readonly Knot[], level: number): number => {
  const above = knots.findIndex((knot) => knot.level >= level);
  if (above < 0) return Number.POSITIVE_INFINITY;
  if (above === 0) return knots[0]!.level === level ? knots[0]!.minutes : Number.NEGATIVE_INFINITY;
  const [from, to] = [knots[above - 1]!, knots[above]!];
  return (
    from.minutes + ((level - from.level) / (to.level - from.level)) * (to.minutes - from.minutes)
  );
};

interface Bin {
  readonly from: number;
  readonly label: string;
  readonly nDots: number;
}

/** Fifty dots in bins of a quarter of an hour; the first takes all of which only "less than this" is known. */
const binsOf = (
  prediction: Prediction,
  { minutes: late }: Subject,
  words: Words,
): readonly Bin[] => {
  const knots = knotsOf(prediction);
  const { answer } = words;
  const last = Math.max(knots.at(-1)!.minutes, late);
  const edges: number[] = [];
  if (knots.length > 1) {
    if (knots[0]!.minutes <= 0) edges.push(0);
    for (let edge = BIN_MINUTES; edge <= Math.min(last, LAST_BIN); edge += BIN_MINUTES)
      edges.push(edge);
  }
  if (!edges.includes(late) && late <= LAST_BIN) edges.push(late);
  edges.sort((a, b) => a - b);
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (let dot = 0; dot < N_DOTS; dot++) {
    const delay = delayAt(knots, (dot + 0.5) / N_DOTS);
    // A dot exactly at an edge is that late; one of "on time" is not late at all.
    const bin = edges.filter((edge) => (edge === 0 ? delay > 0 : delay >= edge)).length;
    counts[bin] = counts[bin]! + 1;
  }
  return counts.map((nDots, bin) => {
    const [from, to] = [edges[bin - 1], edges[bin]];
    const label =
      from === undefined
        ? to === 0
          ? answer.onTime
          : answer.under(to!)
        : to === undefined
          ? answer.over(from)
          : answer.between(from === 0 ? 1 : from, to - 1);
    return { from: from ?? Number.NEGATIVE_INFINITY, label, nDots };
  });
};

const DOT = 9;
const DOTS_WIDE = 4;

interface OutcomeChart {
  readonly prediction: Prediction;
  readonly subject: Subject;
  readonly words: Words;
}

/** A quantile dot plot: each dot is one of fifty equally likely delays. */
export const DotPlot = ({ prediction, subject, words }: OutcomeChart) => {
  const bins = binsOf(prediction, subject, words);
  const nRows = Math.ceil(Math.max(...bins.map(({ nDots }) => nDots), DOTS_WIDE * 3) / DOTS_WIDE);
  const label = bins.map((bin) => `${bin.label}: ${bin.nDots}`).join(', ');
  return (
    <figure class="dots">
      <figcaption>{words.answer.dots}</figcaption>
      <div class="bins" role="img" aria-label={words.answer.dotsLabel(label)}>
        {bins.map(({ from, label: name, nDots }) => (
          <div key={name} class={from >= subject.minutes ? 'late' : 'early'}>
            <svg viewBox={`0 0 ${DOTS_WIDE * DOT} ${nRows * DOT}`} aria-hidden="true">
              {Array.from({ length: nDots }, (_, dot) => (
                <circle
                  key={dot}
                  cx={((dot % DOTS_WIDE) + 0.5) * DOT}
                  cy={(nRows - Math.floor(dot / DOTS_WIDE) - 0.5) * DOT}
                  r={DOT / 2 - 1}
                />
              ))}
            </svg>
            <span>{name}</span>
          </div>
        ))}
      </div>
      <p class="legend">{words.answer.dotsNote}</p>
    </figure>
  );
};

interface BarRow {
  readonly label: string;
  /** Signed, in the unit of the chart. */
  readonly value: number;
  readonly text: string;
}

/** Bars from a common middle, or from the left when none is negative; the numbers stand beside them. */
export const Bars = ({
  caption,
  rows,
  first,
}: {
  caption: string;
  rows: readonly BarRow[];
  first?: { label: string; text: string };
}) => {
  const largest = Math.max(...rows.map(({ value }) => Math.abs(value)), Number.MIN_VALUE);
  const isSigned = rows.some(({ value }) => value < 0);
  return (
    <table class="bars">
      <caption>{caption}</caption>
      <tbody>
        {first && (
          <tr>
            <th scope="row">{first.label}</th>
            <td class="bar" />
            <td>{first.text}</td>
          </tr>
        )}
        {rows.map(({ label, value, text }) => {
          const length = (Math.abs(value) / largest) * (isSigned ? 50 : 100);
          return (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td class="bar">
                <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                  {isSigned && <rect class="axis" x="49.75" y="0" width="0.5" height="10" />}
                  <rect
                    class={value < 0 ? 'down' : 'up'}
                    x={isSigned ? (value < 0 ? 50 - length : 50) : 0}
                    y="1"
                    width={length}
                    height="8"
                  />
                </svg>
              </td>
              <td>{text}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
};

export const signedPoints = (words: Words, points: number): string =>
  `${points < 0 ? '−' : '+'}${numberOf(words, Math.abs(points) * 100, 1)}`;

interface StripCell {
  readonly label: string;
  /** In full, for those who cannot see it. */
  readonly name: string;
  readonly probability: number;
}

/** Chances beside each other, one of them the flight that was asked about. */
export const Strip = ({
  caption,
  cells,
  at,
  words,
}: {
  caption: string;
  cells: readonly StripCell[];
  at: number;
  words: Words;
}) => {
  const highest = Math.max(...cells.map(({ probability }) => probability), 0.01);
  const sorted = [...cells].sort((a, b) => a.probability - b.probability);
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  const summary = words.answer.stripLabel(
    countOf(low.probability),
    low.name,
    countOf(high.probability),
    high.name,
  );
  return (
    <figure class="strip">
      <figcaption>{caption}</figcaption>
      <div class={`cells n${cells.length}`} role="img" aria-label={summary}>
        {cells.map(({ label, name, probability }, cell) => (
          <div
            key={name}
            class={cell === at ? 'now' : ''}
            title={`${name}: ${countOf(probability)} / 100`}
          >
            <b>{countOf(probability)}</b>
            <svg viewBox="0 0 10 40" preserveAspectRatio="none" aria-hidden="true">
              <rect
                x="0"
                y={40 - (probability / highest) * 40}
                width="10"
                height={(probability / highest) * 40}
              />
            </svg>
            <span>{label}</span>
          </div>
        ))}
      </div>
      <p class="legend">{summary}</p>
    </figure>
  );
};
