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
  type Words,
  wordsOf,
} from './words/words.ts';

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
  const shown = reasons.filter(({ points }) => Math.abs(points) >= SMALLEST_POINTS);
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
            rows={shown.map(({ input, points }) => ({
              label: factOf(words, fields, input, flight[input]),
              value: points,
              text: signedPoints(words, points),
            }))}
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
        ? `${numberOf(words, value)}${field?.unit ? ` ${field.unit}` : ''}`
        : name
          ? `${name} (${value})`
          : value;
  return words.answer.fact(input, text);
};

/** No flight takes longer between two clocks, time zones and the date line included. */
const LONGEST_MINUTES = 36 * 60;

/** What a person should know before believing the answer; what the page has no words for is told as the service does. */
const notesOf = ({ lang, fields, subject, flight, prediction }: OutcomeView): readonly string[] => {
  const words = wordsOf(lang);
  const { notes } = words;
  const lines: string[] = [];
  const noted = new Set<string>();
  const note = (input: string, line: string): void => {
    noted.add(input);
    lines.push(line);
  };
  for (const input of prediction.unknown ?? [])
    note(input, notes.unseen(labelOf(words, input), String(flight[input] ?? '')));
  const departure = String(flight['scheduledDeparture'] ?? '');
  const arrival = String(flight['scheduledArrival'] ?? '');
  const { learnedFrom, learnedTo } = subject;
  const day = departure.slice(0, 10);
  if (learnedFrom !== '' && day !== '' && (day < learnedFrom || day > learnedTo))
    note('scheduledDeparture', notes.outside(dayOf(words, learnedFrom), dayOf(words, learnedTo)));
  const elapsed = (Date.parse(`${arrival}Z`) - Date.parse(`${departure}Z`)) / 60_000;
  if (elapsed < 0) note('scheduledArrival', notes.arrivalFirst);
  if (elapsed > LONGEST_MINUTES) note('scheduledArrival', notes.arrivalFar);
  for (const { name, unit } of fields) {
    const value = flight[name];
    if (typeof value === 'number' && value < 0 && !unit.startsWith('°'))
      note(name, notes.negative(labelOf(words, name)));
  }
  for (const { pointer, detail } of prediction.notices ?? []) {
    const input = pointer.slice(1);
    if (!noted.has(input)) lines.push(`${detail.replace(input, labelOf(words, input))}.`);
  }
  return [...new Set(lines)];
};
