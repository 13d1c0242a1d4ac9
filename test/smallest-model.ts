/**
 * The smallest model that answers: one number, one weight. Tests say what they change.
 */
import type { Model } from '../src/core/model.ts';

export const TRAINED_ON = {
  dialect: 'puntual',
  target: 'arrival',
  rows: { read: 1, rejected: 0, used: 1 },
  split: { train: '', validation: '', calibration: '', test: '' },
  settings: { lateMinutes: 15 },
} as const satisfies Model['provenance']['trainedOn'];

export const SMALLEST_MODEL: Model = {
  name: 'smallest',
  inputs: [{ name: 'x', kind: 'number', required: false, description: '' }],
  features: [{ name: 'x', step: 'number', input: 'x' }],
  heads: [
    {
      kind: 'probability',
      minutes: 15,
      given: 'nothing',
      link: 'logistic',
      calibration: { kind: 'none' },
      score: { kind: 'linear', weights: new Float64Array(1), intercept: 0 },
    },
  ],
  threshold: 0.5,
  provenance: { madeBy: 'puntual', trainedOn: TRAINED_ON },
  shares: [],
  selfTest: { nRows: 1, raw: new Float64Array(1), answers: new Float64Array(1) },
};
