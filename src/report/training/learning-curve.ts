/**
 * How a model was learned, for its page: tree by tree, trial by trial, month by month.
 */
import { formatPercent } from '../format.ts';
import type { Block, Section } from '../page.ts';
import { skillOf, type TrainingReport } from './training-report.ts';

export const learningCurveSection = ({
  rounds = [],
  treesPerRound = 1,
  trees: nKept,
  isRelearned,
}: TrainingReport): Section => {
  const trees = rounds.map((_, i) => (i + 1) * treesPerRound);
  return {
    title: 'How it learned',
    blocks:
      rounds.length === 0
        ? []
        : [
            {
              kind: 'chart',
              chart: {
                kind: 'line',
                title: 'Log loss by number of trees',
                ...(nKept === undefined ? {} : { marks: [{ at: nKept, label: 'kept' }] }),
                x: { label: 'trees' },
                y: { label: 'log loss' },
                series: [
                  { label: 'train', style: 'dashed', x: trees, y: rounds.map((r) => r.train) },
                  {
                    label: 'validation (later days)',
                    style: 'line',
                    x: trees,
                    y: rounds.map((r) => r.validation),
                  },
                ],
              },
            },
            ...relearningOf(nKept, isRelearned, treesPerRound),
          ],
  };
};

export const tuningSection = ({ trials = [] }: TrainingReport): Section => {
  const smallest = Math.min(...trials.map(({ validationLoss }) => validationLoss));
  const wordsOf = (settings: Readonly<Record<string, unknown>>): string => {
    const words = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
    return words.length === 0 ? 'the defaults' : words.join(', ');
  };
  const table: Block = {
    kind: 'table',
    isStacked: true,
    caption:
      'Each judged by its log loss on the early-stopping flights; neither calibration nor test flights were looked at. The best was used.',
    header: ['settings', 'log loss', 'trees', ''],
    rows: trials.map(({ settings, validationLoss, trees }) => [
      wordsOf(settings),
      validationLoss.toFixed(5),
      trees,
      validationLoss === smallest ? 'used' : '',
    ]),
  };
  return { title: 'The search for settings', blocks: trials.length === 0 ? [] : [table] };
};

export const rollingSection = ({ rolling = [] }: TrainingReport): Section => {
  const table: Block = {
    kind: 'table',
    isStacked: true,
    caption: 'Each month is judged by a model of what was known before it',
    header: ['month', 'AUC', 'log loss', 'calibration error', 'skill against climatology'],
    rows: rolling.map(({ month, test, climatology }) => [
      month,
      test.auc.toFixed(4),
      test.logLoss.toFixed(4),
      formatPercent(test.ece, 2),
      formatPercent(skillOf(test.logLoss, climatology.logLoss)),
    ]),
  };
  return { title: 'Month by month', blocks: rolling.length === 0 ? [] : [table] };
};

const relearningOf = (nTrees?: number, isRelearned?: boolean, treesPerRound = 1): Block[] => {
  if (nTrees === undefined || isRelearned === undefined) return [];
  const steps =
    treesPerRound === 1
      ? ''
      : `, in larger steps: each of them stands for ${treesPerRound.toFixed(1)} that follow. Kept are twice as many as suit the validation days best`;
  const kept = `The curve is that of trees grown on the train part alone${steps}; ${nTrees} ${nTrees === 1 ? 'was' : 'were'} kept.`;
  const text = isRelearned
    ? `${kept} The probabilities were then learned again: as many trees, grown on all flights before the test (train, validation and calibration). This is the model that is judged here; the test flights took no part.`
    : `${kept} Training was stopped before these could be grown again on all flights before the test: the model knows the train part only.`;
  return [{ kind: 'text', text }];
};
