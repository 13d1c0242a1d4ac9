/**
 * What acting on a prediction costs: the flags that `train` and `evaluate` share.
 */
import type { Command } from 'commander';
import { AppError } from '../core/errors.ts';
import type { Costs } from '../train/quality/evaluation.ts';
import { realNumber, setting } from './setting.ts';

export interface CostFlags {
  readonly costMiss?: number;
  readonly costFalseAlarm?: number;
}

/** Adds the flags that say what acting costs. */
export const describeCosts = (command: Command): void => {
  command
    .addOption(
      setting('--cost-miss <x>', 'cost of a late flight not called late').argParser(
        realNumber(0, 1e9),
      ),
    )
    .addOption(
      setting('--cost-false-alarm <x>', 'cost of calling a flight late that is not').argParser(
        realNumber(0, 1e9),
      ),
    );
};

/** @throws AppError usage (one cost without the other) */
export const costsOf = ({ costMiss, costFalseAlarm }: CostFlags): Costs | undefined => {
  if (costMiss === undefined && costFalseAlarm === undefined) return undefined;
  if (!(costMiss! > 0 && costFalseAlarm! > 0))
    throw new AppError(
      'usage',
      '--cost-miss and --cost-false-alarm must be given together, both above 0',
    );
  return { miss: costMiss!, falseAlarm: costFalseAlarm! };
};
