/**
 * What the page of a trained model reads: the JSON that `train --json` and `evaluate --json` print.
 */
import type { Baseline } from '../../train/quality/evaluation.ts';
import type { RollingMonth } from '../../train/rolling.ts';
import type { TrainReport } from '../../train/train-report.ts';
import type { TuningTrial } from '../../train/tuning.ts';
import type { Hindsight, LearnedFrom, SeenFlights } from '../../score/seen-days.ts';
import type { FeatureImportance } from '../../score/importance.ts';
import type { PartialDependence } from '../../score/partial-dependence.ts';

/** What every report holds. */
type Always = Pick<TrainReport, 'test' | 'rows' | 'comparisons'>;

/** Parts that a run did not measure are absent. */
type Measured = Partial<Omit<TrainReport, 'test' | 'rows' | 'comparisons' | 'split' | 'baselines'>>;

export interface TrainingReport extends Always, Measured {
  /** Path of the model's file. */
  readonly model: string;
  readonly version?: string;
  /** Date ranges of the parts. */
  readonly split: Readonly<Record<string, string>>;
  readonly baselines: Readonly<Record<string, Baseline>>;
  /** A second model that it is compared with. */
  readonly against?: Baseline & { readonly name: string };
  /** By mean absolute SHAP value in log-odds. */
  readonly importance?: readonly FeatureImportance[];
  /** Flights that the importance rests on. */
  readonly importanceRows?: number;
  /** What the model does with its strongest inputs. */
  readonly partialDependence?: readonly PartialDependence[];
  /** What must be read before any figure. */
  readonly warnings?: readonly string[];
  /** Which of the flights the model knows; absent after training. */
  readonly seen?: SeenFlights;
  /** Which of them left before a day that a model knows; absent after training. */
  readonly hindsight?: Hindsight;
  /** What the models that are measured learned from; absent after training. */
  readonly learnedFrom?: readonly LearnedFrom[];
  /** Of predictions from a file, which `model` names: by what they were joined with their flights. */
  readonly joinedBy?: readonly string[];
  /** Flights of the outcomes that nobody predicted. */
  readonly notPredicted?: number;
  /** Columns of the files that nothing reads. */
  readonly unusedColumns?: readonly string[];
  /** Inputs that not one of the flights has. */
  readonly absent?: readonly string[];
  /** By input: flights with a value that was not seen in training. */
  readonly unknown?: Readonly<Record<string, number>>;
  /** How the inputs have moved from the training flights. */
  readonly drift?: readonly {
    readonly input: string;
    readonly psi: number;
    readonly level: string;
  }[];
  /** Trials of a search for settings, the defaults first. */
  readonly trials?: readonly TuningTrial[];
  /** The method month by month, each by a model of what was known before. */
  readonly rolling?: readonly RollingMonth[];
  readonly seconds: number;
  readonly peakMemoryMb: number;
}

/** How much of a baseline's loss is gone: 1 - loss / baseline; the loss of a perfect model is 0. */
export const skillOf = (loss: number, baseline: number): number => 1 - loss / baseline;
