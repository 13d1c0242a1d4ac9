/**
 * The page's content for one model: fields from its inputs, sentences from its answers.
 */
import type { AnswerView, FieldView, PageView } from '../../../web/view.ts';
import type { AppError } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { Model } from '../../core/model.ts';
import type { LoadedModel } from '../../core/model-file.ts';
import type { Explanation } from '../../predict/explain/explain.ts';
import type { JsonObject } from '../formats/body.ts';

/** A list longer than this is offered as suggestions, one longer than the second not at all. */
const CHOICES_AT_MOST = 250;
const SUGGESTIONS_AT_MOST = 5000;

interface PageBuilder {
  /** @param flight what was asked, to fill the form again */
  readonly page: (flight: JsonObject, outcome: AnswerView | AppError | undefined) => PageView;
  readonly answer: (
    out: Float64Array,
    unknown: readonly string[],
    explanation: Explanation,
  ) => AnswerView;
}

export const buildPage = (loaded: LoadedModel): PageBuilder => {
  const { model, version } = loaded;
  const facts = factsOf(model);
  return {
    page: (flight, outcome) => {
      const faults = new Map<string, string>();
      if (outcome instanceof Error)
        for (const { pointer, detail } of outcome.faults) {
          const name = pointer.slice(1);
          faults.set(name, sentenceOf(detail.replace(`${name} `, '')));
        }
      return {
        fields: model.inputs.map((input) => fieldOf(input, flight, faults.get(input.name))),
        answer: outcome instanceof Error ? undefined : outcome,
        problem: outcome instanceof Error ? problemOf(outcome) : '',
        model: { name: model.name, version, facts },
      };
    },
    answer: (out, unknown, explanation) => answerOf(model, out, unknown, explanation),
  };
};

/** `scheduledDeparture` as words: `Scheduled departure`. */
const labelOf = (name: string): string => {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const sentenceStart = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const problemOf = (error: AppError): string =>
  error.faults.length > 0
    ? 'Something is missing or cannot be read: see the marked fields.'
    : sentenceOf(error.message);

const sentenceOf = (text: string): string => {
  const start = sentenceStart(text);
  return /[.!?]$/.test(start) ? start : `${start}.`;
};

const KINDS = { number: 'number', time: 'time' } as const;

const fieldOf = (input: Input, flight: JsonObject, fault: string | undefined): FieldView => {
  const known = input.kind === 'category' ? (input.values ?? []) : [];
  const value = flight[input.name];
  const isChoice = known.length > 0 && known.length <= CHOICES_AT_MOST;
  const isAsked = typeof value === 'string' || typeof value === 'number';
  const isKnown = value === undefined || known.includes(String(value));
  return {
    name: input.name,
    label: labelOf(input.unit === 'miles' ? input.name.replace(/Miles$/, '') : input.name),
    kind: input.kind === 'category' ? (isChoice && isKnown ? 'choice' : 'text') : KINDS[input.kind],
    required: input.required,
    hint: hintOf(input),
    choices: known.length <= SUGGESTIONS_AT_MOST ? known : [],
    value: isAsked ? String(value) : '',
    fault: fault ?? '',
  };
};

const hintOf = (input: Input): string => {
  const where = input.name === 'scheduledArrival' ? 'the destination' : 'the origin';
  const words = [
    input.kind === 'time' ? `local time at ${where}` : (input.unit ?? ''),
    input.required ? '' : 'optional',
  ];
  return words.filter((word) => word !== '').join(', ');
};

const answerOf = (
  model: Model,
  out: Float64Array,
  unknown: readonly string[],
  { base, reasons }: Explanation,
): AnswerView => {
  const { heads, threshold } = model;
  const first = heads[0]!;
  const probability = out[0]!;
  const minutes = first.kind === 'probability' ? first.minutes : 0;
  const delayed = probability >= threshold;
  return {
    delayed,
    probability,
    threshold,
    minutes,
    sentence: `${delayed ? 'Expect a delay' : 'Expect it on time'}: of 100 such flights, about ${countOf(probability)} ${countOf(probability) === '1' ? 'is' : 'are'} at least ${minutes} minutes late.`,
    chances: heads.flatMap((head, h) =>
      head.kind === 'probability' && h > 0
        ? [{ label: `At least ${head.minutes} minutes`, probability: out[h]! }]
        : [],
    ),
    delays: heads.flatMap((head, h) =>
      head.kind === 'quantile'
        ? [
            {
              label: `${sharesName(head.level)} are at most this late`,
              minutes: out[h]!,
            },
          ]
        : [],
    ),
    base,
    reasons: reasons
      .filter(({ points }) => Math.abs(points) >= LEAST_POINTS)
      .map(({ input, text, points }) => ({
        label: sentenceStart(text.slice(0, text.lastIndexOf(':')).replace(input, labelOf(input))),
        points: points * 100,
      })),
    unknown: unknown.map((name) => labelOf(name).toLowerCase()),
  };
};

/** Smaller effects are not worth a line. */
const LEAST_POINTS = 0.0005;

const countOf = (probability: number): string =>
  probability < 0.005 ? 'none' : String(Math.round(probability * 100));

const SHARES: Readonly<Record<string, string>> = {
  '0.5': 'Half',
  '0.8': 'Four in five',
  '0.9': 'Nine in ten',
};

const sharesName = (level: number): string =>
  SHARES[String(level)] ?? `${Number((level * 100).toPrecision(4))} of 100`;

/** What a person should know before trusting the model, from what is recorded in it. */
const factsOf = ({ provenance }: Model): readonly string[] => {
  const { trainedOn, test, baselines } = provenance;
  const facts: string[] = [];
  if (trainedOn) {
    const { known, split, rows, dialect, target } = trainedOn;
    facts.push(
      known
        ? `It knows ${known.rows.toLocaleString('en')} flights (${dialect}, ${known.days}); late means at ${target}.`
        : `It was made from ${rows.used.toLocaleString('en')} flights (${dialect}) and knows those before ${split.test.slice(0, 10)}; late means at ${target}.`,
    );
  } else facts.push(`Made with ${provenance.madeBy}.`);
  if (test) {
    const against = baselines?.['climatology'];
    facts.push(
      `Measured on ${test.rows.toLocaleString('en')} flights that ${trainedOn?.settings['refit'] === true ? 'the same method had not seen before it was learned again on them too' : 'it had not seen'}${trainedOn ? ` (${trainedOn.split.test})` : ''}: AUC ${test.auc.toFixed(3)}, log loss ${test.logLoss.toFixed(3)}${against ? ` (average of airline and hour: ${against.auc.toFixed(3)}, ${against.logLoss.toFixed(3)})` : ''}, calibration error ${(test.ece * 100).toFixed(1)} points; ${(test.baseRate * 100).toFixed(0)} % of them were late.`,
    );
  }
  return facts;
};
