/** @jsxImportSource preact */
/**
 * The answer to one flight: the sentence, the dots, the reasons. Drawn by the service and by the script alike.
 */
import type { ComponentChildren } from 'preact';
import { Bars, DotPlot, signedPoints } from './charts.tsx';
import type { FieldView, Flight, Lang, Prediction, Subject } from './view.ts';
import {
  dayOf,
  labelOf,
  momentOf,
  numberOf,
  percentOf,
  unitOf,
  type Words,
  withLabels,
  wordsOf,
} from './words/words.ts';

/** More reasons than these are one line together. */
const MOST_REASONS = 8;

/** Smaller effects are not worth a line. */
const SMALLEST_POINTS = 0.0005;

interface OutcomeView {
  readonly lang: Lang;
  readonly fields: readonly FieldView[];
  readonly subject: Subject;
  readonly flight: Flight;
  readonly prediction: Prediction;
}

export const Outcome = ({
  view,
  children,
}: {
  view: OutcomeView;
  /** What the script adds below: other hours, the link, the calls. */
  children?: ComponentChildren;
}) => {
  const { lang, fields, subject, flight, prediction } = view;
  const words = wordsOf(lang);
  const { answer } = words;
  const { probability, delayed, threshold, reasons = [], base = 0 } = prediction;
  const shown = reasons
    .filter(({ points }) => Math.abs(points) >= SMALLEST_POINTS)
    .toSorted((a, b) => Math.abs(b.points) - Math.abs(a.points));
  // One line more says what one line says.
  const nNamed = shown.length <= MOST_REASONS + 1 ? shown.length : MOST_REASONS;
  const others = shown.slice(nNamed);
  const pointsOfOthers = others.reduce((sum, { points }) => sum + points, 0);
  return (
    <div class={delayed ? 'delayed' : 'on-time'}>
      <p class="chance">{percentOf(words, probability)}</p>
      <p class="sentence">{answer.sentence(probability, subject)}</p>
      <p class="legend">
        {answer.verdict(delayed, percentOf(words, threshold), subject.target === 'outcome')}
      </p>
      {notesOf(view).map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
      {subject.target !== 'outcome' && (
        <DotPlot prediction={prediction} subject={subject} words={words} />
      )}
      {shown.length > 0 && (
        <div class="reasons">
          <Bars
            caption={answer.why}
            first={{ label: answer.base, text: percentOf(words, base) }}
            rows={[
              ...shown.slice(0, nNamed).map(({ input, points }) => ({
                label: factOf(words, fields, input, valueIn(flight, input)),
                value: points,
                text: signedPoints(words, points),
              })),
              ...(others.length === 0
                ? []
                : [
                    {
                      label: answer.otherFacts(others.length),
                      value: pointsOfOthers,
                      text: signedPoints(words, pointsOfOthers),
                    },
                  ]),
            ]}
          />
          <p class="legend">{answer.whyNote}</p>
        </div>
      )}
      {subject.target !== 'outcome' && <HowLate prediction={prediction} words={words} />}
      {children}
    </div>
  );
};

const HowLate = ({ prediction, words }: { prediction: Prediction; words: Words }) => {
  const { answer } = words;
  const quantiles = Object.entries(prediction.minutes ?? {});
  return (
    <table>
      <caption>{answer.chances}</caption>
      <tbody>
        {Object.entries(prediction.atLeastMinutes).map(([late, chance]) => (
          <tr key={late}>
            <th scope="row">{answer.atLeast(Number(late))}</th>
            <td>{percentOf(words, chance)}</td>
          </tr>
        ))}
        {quantiles.map(([level, late]) => (
          <tr key={level}>
            <th scope="row" colSpan={2}>
              {Math.round(late) <= 0
                ? answer.quantileOnTime(level.slice(1))
                : answer.quantile(level.slice(1), answer.minutes(Math.round(late)))}
            </th>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

/** `Flies with Delta Air Lines (DL)`. */
const factOf = (
  words: Words,
  fields: readonly FieldView[],
  input: string,
  value: string | number | undefined,
): string => {
  const field = fields.find(({ name }) => name === input);
  const label = labelOf(words, input);
  if (value === undefined || value === '') return words.answer.notKnown(label);
  const name = field?.choices.find((choice) => choice.value === value)?.name;
  const text =
    field?.kind === 'time'
      ? momentOf(words, String(value))
      : typeof value === 'number'
        ? `${numberOf(words, value)}${field?.unit ? ` ${unitOf(words, field.unit)}` : ''}`
        : name
          ? `${name} (${value})`
          : value;
  return words.answer.fact(input, text);
};

/**
 * What a person should know before believing the answer: as the service tells it, inputs by their labels; a value that was
 * never seen and a day outside of what was learned with what follows from it.
 */
const notesOf = ({ lang, fields, subject, flight, prediction }: OutcomeView): readonly string[] => {
  const words = wordsOf(lang);
  const { notes } = words;
  const day = String(flight['scheduledDeparture'] ?? '').slice(0, 10);
  const { learnedFrom, learnedTo } = subject;
  const isOutside = learnedFrom !== '' && day !== '' && (day < learnedFrom || day > learnedTo);
  const told = (prediction.notices ?? []).filter(
    ({ pointer, detail }) =>
      !(
        isOutside &&
        pointer === '/scheduledDeparture' &&
        detail.includes(learnedEnd(subject, day))
      ),
  );
  return [
    ...(prediction.unknown ?? []).map((input) =>
      notes.unseen(labelOf(words, input), String(valueIn(flight, input) ?? '')),
    ),
    ...(isOutside ? [notes.outside(dayOf(words, learnedFrom), dayOf(words, learnedTo))] : []),
    ...told.map(({ detail }) => `${withLabels(words, fields, detail)}.`),
  ];
};

/** What was sent for an input, whatever it is named. */
const valueIn = (flight: Flight, input: string): Flight[string] | undefined =>
  Object.hasOwn(flight, input) ? flight[input] : undefined;

/** The day of what was learned that a day outside of it lies beyond: the service names it. */
const learnedEnd = ({ learnedFrom, learnedTo }: Subject, day: string): string =>
  day < learnedFrom ? learnedFrom : learnedTo;
