/**
 * A model as its library left it: columns, a score over them, a link. What every reader of a format returns.
 */
import type { Feature } from '../core/features.ts';
import type { CodeRule } from '../core/inputs.ts';
import type { Calibration, Link, Score } from '../core/model.ts';

/** What a column of the library's input matrix holds. */
export interface ForeignColumn {
  /** Undefined where the file does not name it. */
  readonly name?: string;
  /** Known values of a category, in the order of its codes; absent for a number. */
  readonly values?: readonly string[];
  /** Whether these values are the bare codes, because the file does not name the categories. */
  readonly isCoded?: boolean;
  /** What the library makes of numbers that are not among those codes. */
  readonly codes?: CodeRule;
  /** Whether a missing value is filled in by the model itself. */
  readonly isOptional?: boolean;
  /** Whether the library refuses a value that is not among `values`. */
  readonly isClosed?: boolean;
  /** Whether the model does not ask for it: a column that its first step drops. */
  readonly isUnused?: boolean;
  /** Whether `values` are the hashes of names that the file does not keep: the inputs file has to name them. */
  readonly isHashed?: boolean;
  /** Whether the library refuses a missing value there, whatever it does with other columns. */
  readonly isRequired?: boolean;
  /** Why the file's own names of its categories cannot be used, so that the inputs file has to give them. */
  readonly namesLost?: string;
}

export interface ForeignModel {
  /** Library, version if known, and kind of estimator: `scikit-learn 1.7.2 LogisticRegression`. */
  readonly madeBy: string;
  /** Columns of the matrix that the library was given. */
  readonly columns: readonly ForeignColumn[];
  /**
   * Features over those columns, in the order in which the score asks them; `input` is the index of a
   * column, written as a string. Absent when the score asks the columns as they are.
   */
  readonly features?: readonly Feature[];
  readonly score: Score;
  readonly link: Link;
  /** Absent where there is none. */
  readonly calibration?: Calibration;
  /** The two class labels, the one that the probability is of last. */
  readonly classes: readonly string[];
  /** Whether the library itself accepts missing values. */
  readonly acceptsMissing: boolean;
  /** Whether the library computes with any number, however large, and with the logarithm of a negative one. */
  readonly acceptsAnyNumber?: boolean;
  /** From which probability the library decides for the last class, where that is not 0.5. */
  readonly threshold?: number;
  /** What whoever imports it should know: how many rounds count, for instance. Whole sentences without a full stop. */
  readonly notes?: readonly string[];
}
