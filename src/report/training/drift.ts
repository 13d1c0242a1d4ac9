/**
 * How the inputs of flights have moved from those that a model knows, for its page and for the text of `evaluate`.
 */
import { MIN_PSI, MIN_SEEN } from '../../core/distribution.ts';
import type { Block, Section } from '../page.ts';
import { wordsOfInput } from './feature-names.ts';
import type { TrainingReport } from './training-report.ts';

type Drift = NonNullable<TrainingReport['drift']>;

/** Why there are no figures. */
export const whyNoDrift = ({
  test: { rows },
  learnedFrom,
}: Pick<TrainingReport, 'test' | 'learnedFrom'>): string =>
  rows >= MIN_SEEN || learnedFrom?.[0]?.days === null
    ? 'the model does not say how its inputs were distributed in training'
    : `${rows} flights are too few to say whether the inputs have moved; ${MIN_SEEN} are expected`;

/** The inputs that have moved. What no flight has is said elsewhere, and is none of them. */
export const movedInputs = ({
  drift = [],
  absent = [],
}: Pick<TrainingReport, 'drift' | 'absent'>): {
  readonly drifted: Drift;
  readonly least: number;
} => ({
  drifted: drift.filter(({ level, input }) => level !== 'none' && !absent.includes(input)),
  least: MIN_PSI.moderate,
});

export const driftSection = (report: TrainingReport): Section => {
  const { drift, absent = [], unknown = {} } = report;
  if (drift === undefined) return { title: '', blocks: [] };
  const present = drift.filter(({ input }) => !absent.includes(input));
  const texts = [
    ...(Object.keys(unknown).length === 0
      ? []
      : [
          `Never seen in training, treated as missing: ${Object.entries(unknown)
            .map(([input, n]) => `${wordsOfInput(input)} of ${flightsOf(n)}`)
            .join('; ')}.`,
        ]),
    ...(absent.length === 0
      ? []
      : [`In none of these flights, treated as missing: ${absent.map(wordsOfInput).join('; ')}.`]),
    ...(drift.length === 0 ? [sentence(whyNoDrift(report))] : []),
  ];
  const table: Block = {
    kind: 'table',
    caption:
      'Population stability index against the flights that the model knows, less what samples of these sizes differ by on average; from 0.1 moderate, from 0.25 strong.',
    header: ['input', 'index', 'drift'],
    rows: present.map(({ input, psi, level }) => [wordsOfInput(input), psi.toFixed(3), level]),
  };
  return {
    title: 'How the inputs have moved',
    blocks: [
      ...texts.map((text) => ({ kind: 'text', text }) as const),
      ...(present.length === 0 ? [] : [table]),
    ],
  };
};

/** `1 flight`, `2,738 flights` */
export const flightsOf = (n: number): string =>
  `${n.toLocaleString('en')} ${n === 1 ? 'flight' : 'flights'}`;

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
