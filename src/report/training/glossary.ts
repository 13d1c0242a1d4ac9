/**
 * The words of a training report, explained: those that stand in it.
 */
import type { Section } from '../page.ts';
import type { TrainingReport } from './training-report.ts';

type Entry = readonly [term: string, meaning: string];

const ALWAYS: readonly Entry[] = [
  [
    'AUC',
    'The chance that a late flight is ranked above a punctual one; 0.5 is a guess, 1 is perfect.',
  ],
  ['Log loss', 'Mean of −ln of the probability that was given to what happened; lower is better.'],
  [
    'Brier score',
    'Mean squared distance between the probability and what happened (0 or 1); lower is better.',
  ],
  [
    'Skill, saved',
    'The share of a baseline’s loss that the model takes away; 0 is no better, 100 % is perfect.',
  ],
  [
    'Calibration error (ECE)',
    'Mean distance between what was predicted and what happened, over up to 15 groups of flights by their probability, each as large, of 50 flights or more.',
  ],
  ['Precision', 'Of the flights that were called delayed, the share that was late.'],
  ['Recall', 'Of the flights that were late, the share that was called delayed.'],
];

const CLIMATOLOGY: Entry = [
  'Climatology',
  'The share of that airline’s flights at that hour that were late, among the flights that were learned from, shrunk towards the mean where these are few.',
];

const SPLIT: Entry = [
  'Split in time',
  'Whole days, oldest first: train, early stopping (validation), calibration, test. The model never sees a day that is not before the ones it is judged on.',
];

export const glossaryOf = ({ baselines, splitKind }: TrainingReport): Section => ({
  title: 'Words',
  blocks: [
    {
      kind: 'definitions',
      entries: [
        ...ALWAYS,
        ...(baselines['climatology'] ? [CLIMATOLOGY] : []),
        ...(splitKind === 'time' ? [SPLIT] : []),
      ],
    },
  ],
});
