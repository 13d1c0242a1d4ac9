/**
 * What a page of a trained model is made of: the plain JSON of a training report.
 */

/** The JSON that `train --json` and `evaluate --json` print; parts that a run did not measure are absent. */
export interface TrainingReport {
  readonly model: string;
  readonly version?: string;
  readonly files?: readonly string[];
  readonly dialect?: string;
  readonly target?: 'arrival' | 'departure';
  readonly lateMinutes?: number;
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  /** Rows left out, by reason. */
  readonly rejected?: Readonly<Record<string, number>>;
  /** Date ranges of the parts. */
  readonly split: Readonly<Record<string, string>>;
  readonly splitKind?: 'time' | 'random';
  readonly test: {
    readonly auc: number;
    readonly logLoss: number;
    readonly brier: number;
    readonly ece: number;
    readonly baseRate: number;
    readonly rows: number;
  };
  readonly baselines: Readonly<
    Record<string, { readonly auc: number; readonly logLoss: number; readonly brier?: number }>
  >;
  readonly seconds: number;
  readonly peakMemoryMb: number;
  /** Bins by rising prediction. */
  readonly reliability?: readonly {
    readonly predicted: number;
    readonly observed: number;
    readonly rows: number;
  }[];
  /** By rising threshold. */
  readonly precisionRecall?: readonly {
    readonly threshold: number;
    readonly precision: number;
    readonly recall: number;
  }[];
  /** What a user gets who acts from a threshold on. */
  readonly thresholds?: readonly {
    readonly threshold: number;
    readonly precision: number;
    readonly recall: number;
    readonly alertsPerDay: number;
    /** What acting in vain costs, as a share of what a missed late flight costs; the threshold suits that ratio. */
    readonly costRatio?: number;
  }[];
  /** The threshold that the model calls a flight delayed from. */
  readonly threshold?: number;
  /** The one that suits the costs, where these were given. */
  readonly costThreshold?: number;
  /** Mean absolute SHAP value in log-odds. */
  readonly importance?: readonly { readonly feature: string; readonly meanAbsolute: number }[];
  readonly byMonth?: readonly Part[];
  readonly byAirline?: readonly Part[];
  /** Log loss after each tree. */
  readonly rounds?: readonly { readonly train: number; readonly validation: number }[];
  /** How many trees were kept. */
  readonly trees?: number;
  /** Whether they were grown again from all flights before the test. */
  readonly isRelearned?: boolean;
  /** Trials of a search for settings, the defaults first. */
  readonly trials?: readonly {
    readonly settings: Readonly<Record<string, unknown>>;
    readonly validationLoss: number;
    readonly trees: number;
  }[];
  /** The method month by month, each by a model of what was known before. */
  readonly rolling?: readonly {
    readonly month: string;
    readonly test: { readonly auc: number; readonly logLoss: number; readonly ece: number };
    readonly climatology: { readonly auc: number; readonly logLoss: number };
  }[];
  /** The other answers of the model: P(>= 30), quantiles of minutes. */
  readonly heads?: readonly {
    readonly name: string;
    readonly loss: number;
    readonly baselineLoss: number;
  }[];
}

/** Quality on a part of the test flights; a part with one class only has no AUC (null). */
export interface Part {
  readonly name: string;
  readonly rows: number;
  readonly baseRate: number;
  readonly meanPrediction: number;
  readonly auc: number | null;
  readonly logLoss: number;
}

/** How much of a baseline's loss is gone; the loss of a perfect model is 0. */
export const skillOf = (loss: number, baseline: number): number => 1 - loss / baseline;
