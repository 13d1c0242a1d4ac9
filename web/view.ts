/**
 * What the page shows, as plain records: the service fills them, the page draws them.
 */

export interface FieldView {
  readonly name: string;
  readonly label: string;
  readonly kind: 'choice' | 'text' | 'number' | 'time';
  readonly required: boolean;
  readonly hint: string;
  /** What can be chosen, or is suggested. */
  readonly choices: readonly string[];
  readonly value: string;
  readonly fault: string;
}

export interface AnswerView {
  readonly delayed: boolean;
  /** 0 to 1. */
  readonly probability: number;
  readonly threshold: number;
  /** The delay that `probability` is about. */
  readonly minutes: number;
  readonly sentence: string;
  /** Further chances, `at least 30 minutes late`, 0 to 1. */
  readonly chances: readonly { readonly label: string; readonly probability: number }[];
  /** Further delays, `four in five are late by less than`, in minutes. */
  readonly delays: readonly { readonly label: string; readonly minutes: number }[];
  /** The chance when nothing is known of a flight, 0 to 1. */
  readonly base: number;
  /** What pushed the chance, largest first, in percentage points. */
  readonly reasons: readonly { readonly label: string; readonly points: number }[];
  readonly unknown: readonly string[];
}

export interface PageView {
  readonly fields: readonly FieldView[];
  readonly answer: AnswerView | undefined;
  /** Why there is no answer. */
  readonly problem: string;
  readonly model: {
    readonly name: string;
    readonly version: string;
    /** In sentences: what it learned from, how good it is. */
    readonly facts: readonly string[];
  };
}
