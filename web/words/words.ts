/**
 * The sentences of the page in each language: every file beside this one is one language, whole.
 */
import type { Lang, Subject } from '../view.ts';
import { english } from './en.ts';
import { spanish } from './es.ts';

export interface Words {
  readonly locale: string;
  readonly title: string;
  readonly tagline: string;
  readonly otherTitle: string;
  readonly views: { readonly predict: string; readonly model: string; readonly service: string };
  readonly languageName: string;
  readonly skip: string;
  /** Units by what the model calls them; any other is shown as it is. */
  readonly units: Readonly<Record<string, string>>;
  /** Inputs by name; any other input is shown by its own name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly form: {
    readonly ask: string;
    readonly optional: string;
    readonly unknown: string;
    readonly choose: string;
    readonly date: string;
    readonly time: string;
    readonly dateHint: string;
    readonly timeHint: string;
    readonly localAtOrigin: string;
    readonly localAtDestination: string;
    readonly example: string;
    readonly clear: string;
    readonly more: string;
    readonly search: string;
    readonly matches: (count: number) => string;
    readonly noMatch: string;
    readonly notLearned: string;
    readonly badDate: string;
    readonly badTime: string;
    readonly badNumber: string;
    readonly required: string;
    readonly marked: string;
  };
  readonly answer: {
    readonly title: string;
    readonly empty: string;
    readonly waiting: string;
    readonly none: string;
    readonly unreachable: string;
    readonly again: string;
    /** `About 28 of 100 flights like this arrive 15 minutes late or more.` */
    readonly sentence: (probability: number, subject: Subject) => string;
    readonly verdict: (delayed: boolean, threshold: string, isOutcome: boolean) => string;
    readonly dots: string;
    readonly dotsNote: string;
    readonly onTime: string;
    readonly under: (minutes: number) => string;
    readonly between: (from: number, to: number) => string;
    readonly over: (minutes: number) => string;
    readonly dotsLabel: (parts: string) => string;
    readonly chances: string;
    readonly atLeast: (minutes: number) => string;
    readonly quantile: (share: string, minutes: string) => string;
    readonly quantileOnTime: (share: string) => string;
    readonly minutes: (count: number) => string;
    readonly why: string;
    /** What is left of the reasons, in one line. */
    readonly otherFacts: (count: number) => string;
    readonly base: string;
    readonly points: string;
    readonly whyNote: string;
    /** What an input was, as the start of a reason: `flies with Delta (DL)`. */
    readonly fact: (input: string, value: string) => string;
    readonly notKnown: (label: string) => string;
    readonly hours: string;
    readonly days: string;
    readonly stripLabel: (low: string, lowAt: string, high: string, highAt: string) => string;
    readonly changes: string;
    readonly atHour: (clock: string) => string;
    readonly onDay: (day: string) => string;
    readonly change: (when: string, count: string) => string;
    readonly noChange: string;
  };
  readonly notes: {
    readonly unseen: (label: string, value: string) => string;
    readonly outside: (from: string, to: string) => string;
  };
  readonly share: {
    readonly title: string;
    readonly link: string;
    readonly copy: string;
    readonly copied: string;
  };
  readonly file: {
    readonly title: string;
    readonly invite: string;
    readonly pick: string;
    readonly working: (done: number) => string;
    readonly done: (scored: number, failed: number) => string;
    readonly download: string;
    readonly missing: (columns: string) => string;
    readonly empty: string;
    readonly first: (count: number) => string;
    readonly line: string;
    readonly error: string;
  };
  readonly model: {
    readonly answers: (subject: Subject, threshold: string) => string;
    /** @param periods first and last days, which rise */
    readonly learned: (
      rows: string,
      periods: readonly (readonly [from: string, to: string])[],
      dialect: string,
    ) => string;
    readonly imported: (by: string) => string;
    /** Of a model that learned from those flights as well, afterwards. */
    /** Where the flights that measured were drawn from the same days. */
    readonly testedAtRandom: (rows: string, late: string) => string;
    readonly testedBefore: (rows: string, from: string, to: string, late: string) => string;
    readonly tested: (rows: string, from: string, to: string, late: string) => string;
    readonly quality: string;
    readonly which: string;
    readonly thisModel: string;
    readonly climatology: string;
    readonly logistic: string;
    readonly auc: string;
    readonly logLoss: string;
    readonly brier: string;
    readonly ece: string;
    readonly qualityNote: string;
    readonly gains: string;
    readonly gainsNote: string;
    readonly against: string;
    readonly lossSaved: string;
    readonly aucGained: string;
    /** Two ends of an interval. */
    readonly range: (low: string, high: string) => string;
    readonly coverage: string;
    readonly coverageNote: string;
    readonly promised: string;
    readonly covered: string;
    readonly reliability: string;
    readonly reliabilityNote: string;
    readonly predicted: string;
    readonly observed: string;
    readonly importance: string;
    readonly importanceNote: string;
    readonly drift: string;
    readonly driftNote: string;
    readonly driftNone: string;
    readonly seen: string;
    readonly inputs: string;
    readonly input: string;
    readonly description: string;
    readonly version: string;
    readonly asJson: string;
  };
  readonly service: {
    readonly states: Readonly<Record<'ready' | 'starting' | 'draining' | 'lost', string>>;
    readonly hidden: string;
    readonly rate: string;
    readonly latency: string;
    readonly errors: string;
    readonly perSecond: string;
    readonly worker: string;
    readonly process: string;
    readonly state: string;
    readonly restarts: string;
    readonly memory: string;
    readonly inFlight: string;
    readonly workers: string;
    readonly lastMinutes: string;
    readonly earlier: string;
    readonly now: string;
    readonly restarted: (count: number) => string;
    readonly reloaded: string;
    readonly events: string;
    readonly noEvents: string;
    readonly reports: string;
    readonly noReports: string;
    readonly waiting: string;
  };
  readonly footer: {
    readonly forPrograms: string;
    readonly docs: string;
    readonly modelJson: string;
    readonly stored: string;
  };
}

const WORDS: Readonly<Record<Lang, Words>> = { en: english, es: spanish };

export const wordsOf = (lang: Lang): Words => WORDS[lang];

/** `scheduledDeparture` as words where the language has none for it: `Scheduled departure`. */
export const labelOf = (words: Words, name: string): string => {
  if (Object.hasOwn(words.labels, name)) return words.labels[name]!;
  const spaced = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
};

/** A sentence of the service, with the labels of inputs for their names, begun as a sentence is. */
export const withLabels = (
  words: Words,
  fields: readonly { readonly name: string }[],
  sentence: string,
): string => {
  const told = fields.reduce(
    (text, { name }) =>
      text.replace(new RegExp(`(?<![\\w.])${name.replace(/\W/g, '\\$&')}(?![\\w.])`, 'g'), () =>
        labelOf(words, name),
      ),
    sentence,
  );
  return told.charAt(0).toUpperCase() + told.slice(1);
};

/** `28%`, in Spanish `28 %`; under one and over 99 of a hundred are not rounded away. */
export const percentOf = (words: Words, share: number): string => {
  const whole = (part: number): string => `${Math.round(part * 100)}${percentSignOf(words)}`;
  if (share > 0 && share < 0.005) return `< ${whole(0.01)}`;
  if (share < 1 && share > 0.995) return `> ${whole(0.99)}`;
  return whole(share);
};

/** `2.74%`, in Spanish `2,74 %`. */
export const finePercentOf = (words: Words, share: number): string =>
  `${numberOf(words, 100 * share, 2)}${percentSignOf(words)}`;

const percentSignOf = ({ locale }: Words): string => (locale === 'es-CL' ? '\u00a0%' : '%');

/** `28`, for `28 of 100`. */
export const countOf = (probability: number): string =>
  probability > 0 && probability < 0.005
    ? '<1'
    : probability < 1 && probability > 0.995
      ? '>99'
      : String(Math.round(probability * 100));

export const unitOf = ({ units }: Words, unit: string): string =>
  Object.hasOwn(units, unit) ? units[unit]! : unit;

export const numberOf = ({ locale }: Words, value: number, digits = 0): string =>
  value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** `Friday, 5 July 2013, 18:30` of a local ISO time; empty when it is none. */
export const momentOf = ({ locale }: Words, iso: string): string => {
  const date = new Date(`${iso}Z`);
  if (Number.isNaN(date.getTime())) return '';
  return date.toLocaleString(locale, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });
};

export const dayOf = ({ locale }: Words, iso: string): string => {
  const date = new Date(`${iso.slice(0, 10)}T00:00Z`);
  return Number.isNaN(date.getTime())
    ? iso
    : date.toLocaleDateString(locale, {
        day: 'numeric',
        month: 'long',
        year: 'numeric',
        timeZone: 'UTC',
      });
};
