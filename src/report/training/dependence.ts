/**
 * What a model does with its strongest inputs, for its page: the mean probability by value.
 */
import type { PartialDependence } from '../../score/partial-dependence.ts';
import type { Block, Section } from '../page.ts';
import { wordsOfInput } from './feature-names.ts';
import type { TrainingReport } from './training-report.ts';

export const dependenceSection = ({ partialDependence = [], test }: TrainingReport): Section => ({
  title: 'What it does with its strongest inputs',
  blocks:
    partialDependence.length === 0
      ? []
      : [
          {
            kind: 'text',
            text: 'If one thing about all flights of a sample were changed and all else left as it is: the mean probability that the model would give. It shows what the model has learned, not what causes delays.',
          },
          {
            kind: 'beside',
            blocks: partialDependence.map((one) => blockOf(one, test.baseRate)),
          },
        ],
});

const blockOf = (dependence: PartialDependence, baseRate: number): Block => {
  const { input, kind, unit, points } = dependence;
  const title = titleOf(dependence);
  if (kind === 'category')
    return {
      kind: 'bars',
      caption: `${title} (most frequent first)`,
      label: wordsOfInput(input),
      value: 'mean probability, %',
      rows: points.map(({ at, probability }) => ({
        label: String(at),
        value: percent(probability),
      })),
    };
  return {
    kind: 'chart',
    chart: {
      kind: 'line',
      title,
      x: { label: kind === 'time' ? 'hour' : `${wordsOfInput(input)}${unit ? `, ${unit}` : ''}` },
      y: { label: 'mean probability, %', fromZero: true },
      series: [
        {
          label: 'mean probability, %',
          style: 'line',
          x: points.map(({ at }) => Number(at)),
          y: points.map(({ probability }) => percent(probability)),
        },
      ],
      limits: [{ at: percent(baseRate), label: 'late in the test' }],
    },
  };
};

const titleOf = ({ input, kind }: PartialDependence): string =>
  kind === 'time' ? `By the hour of the ${wordsOfInput(input)}` : `By ${wordsOfInput(input)}`;

const percent = (share: number): number => Number((100 * share).toFixed(1));
