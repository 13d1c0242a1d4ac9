/**
 * The page's content for one model: fields from its inputs, what its answers are about, an answer where a flight was
 * asked.
 */
import { nameOf } from '../../../web/names.ts';
import type { FieldView, Flight, Lang, PageView, Prediction, Subject } from '../../../web/view.ts';
import { unitOf, type Words, withLabels, wordsOf } from '../../../web/words/words.ts';
import { type AppError, pointerTo } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import { knownDaysOf } from '../../core/known-days.ts';
import type { Model } from '../../core/model.ts';
import type { LoadedModel } from '../../core/model-file.ts';
import type { JsonObject } from '../formats/body.ts';
import { spanishOf } from '../formats/spanish.ts';
import { PLAN_FIELDS } from '../../core/around/surroundings.ts';
import { exampleFlight } from './schema.ts';

/** A longer list is not sent with the page: its field is typed. */
const CHOICES_AT_MOST = 400;

/** @param flight what was asked, to fill the form again */
type PageBuilder = (
  lang: Lang,
  flight: JsonObject,
  outcome: Prediction | AppError | undefined,
) => PageView;

/** @param named its name, where addresses have to name it; else '' */
export const buildPage = (loaded: LoadedModel, named: string): PageBuilder => {
  const { model, version } = loaded;
  const subject = subjectOf(model);
  const example = exampleFlight(model) as Flight;
  return (lang, flight, outcome) => {
    const words = wordsOf(lang);
    const isRefused = outcome instanceof Error;
    const said = (english: string): string => (lang === 'es' ? spanishOf(english) : english);
    const faults = new Map(
      isRefused
        ? outcome.faults.map(({ pointer, detail }) => [
            pointer,
            withLabels(words, model.inputs, said(detail)),
          ])
        : [],
    );
    return {
      lang,
      subject,
      example,
      fields: model.inputs
        .filter(isAsked)
        .map((input) =>
          fieldOf(input, flight[input.name], faults.get(pointerTo(input.name)), words),
        ),
      asked:
        outcome === undefined || isRefused
          ? undefined
          : { flight: flight as Flight, prediction: outcome },
      problem: isRefused ? (faults.size > 0 ? words.form.marked : said(outcome.message)) : '',
      model: { name: model.name, version, named },
    };
  };
};

/** What the first answer is about, and the days that the model knows. Only what was trained here speaks of minutes. */
const subjectOf = (model: Model): Subject => {
  const { heads, provenance } = model;
  const { trainedOn, classes } = provenance;
  const first = heads[0]!;
  const minutes = first.kind === 'probability' ? first.minutes : 0;
  if (classes !== undefined || minutes === 0)
    return {
      target: 'outcome',
      minutes: 0,
      outcome: classes?.late ?? '',
      learnedFrom: '',
      learnedTo: '',
    };
  const days = knownDaysOf(model);
  return {
    target: trainedOn?.target ?? 'delay',
    minutes,
    outcome: '',
    learnedFrom: days?.first ?? '',
    learnedTo: days?.last ?? '',
  };
};

const KINDS = { number: 'number', time: 'time' } as const;

/** What the plan of a day fills is not asked of people. */
const isAsked = ({ name }: Input): boolean => !(PLAN_FIELDS as readonly string[]).includes(name);

/** @param fault what the service says of it, where it does */
const fieldOf = (
  input: Input,
  value: unknown,
  fault: string | undefined,
  words: Words,
): FieldView => {
  const known = input.kind === 'category' ? (input.values ?? []) : [];
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const isChoice = known.length > 0 && known.length <= CHOICES_AT_MOST;
  // A value that the model does not know stays what it is, as one more choice.
  const choices = isChoice && text !== '' && !known.includes(text) ? [text, ...known] : known;
  return {
    name: input.name,
    kind: input.kind === 'category' ? (isChoice ? 'choice' : 'text') : KINDS[input.kind],
    required: input.required,
    hint: hintOf(input, words),
    unit: input.unit ?? '',
    choices: isChoice
      ? choices.map((choice) => ({ value: choice, name: nameOf(input.name, choice) }))
      : [],
    value: text,
    fault: fault === undefined ? '' : faultOf(input, { text, fault, words }),
  };
};

const hintOf = (input: Input, words: Words): string => {
  const { form } = words;
  const where = input.name === 'scheduledArrival' ? form.localAtDestination : form.localAtOrigin;
  return [
    input.kind === 'time' ? where : unitOf(words, input.unit ?? ''),
    input.required ? '' : form.optional,
  ]
    .filter((part) => part !== '')
    .join(', ');
};

/** In the words of the form where it has any. */
const faultOf = (
  { kind }: Input,
  { text, fault, words: { form } }: { text: string; fault: string; words: Words },
): string => {
  if (text === '') return form.required;
  return kind === 'time' ? form.badDate : kind === 'number' ? form.badNumber : `${fault}.`;
};
