/**
 * What the page shows, as plain records: the service and the script fill them, the same components draw them.
 */

export type Lang = 'en' | 'es';

/** A known value of a field, with its name where it has one. */
export interface Choice {
  readonly value: string;
  /** `Delta Air Lines`, `Kennedy, New York`; empty when there is none. */
  readonly name: string;
}

export interface FieldView {
  readonly name: string;
  readonly kind: 'choice' | 'text' | 'number' | 'time';
  readonly required: boolean;
  readonly hint: string;
  readonly unit: string;
  /** What the model knows, when that is few enough to choose from. */
  readonly choices: readonly Choice[];
  readonly value: string;
  readonly fault: string;
}

/** What the model's answers are about. */
export interface Subject {
  /** Where the delay is measured; `outcome` for a model that does not answer about delays. */
  readonly target: 'arrival' | 'departure' | 'delay' | 'outcome';
  /** The class that an outcome is about, by its label; empty where it is not recorded, and for delays. */
  readonly outcome: string;
  /** From here on a flight is late; 0 for an outcome. */
  readonly minutes: number;
  /** The first and last day that the model learned from, ISO 8601; empty when it is not recorded. */
  readonly learnedFrom: string;
  readonly learnedTo: string;
}

/** A prediction as `/predict?explain=true` answers it. */
export interface Prediction {
  readonly delayed: boolean;
  readonly probability: number;
  readonly threshold: number;
  readonly atLeastMinutes: Readonly<Record<string, number>>;
  readonly minutes?: Readonly<Record<string, number>>;
  readonly unknown?: readonly string[];
  readonly base?: number;
  readonly reasons?: readonly { readonly input: string; readonly points: number }[];
  /** What is odd about the flight, in English. */
  readonly notices?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** A flight as it is sent. */
export type Flight = Readonly<Record<string, string | number>>;

export interface PageView {
  readonly lang: Lang;
  readonly fields: readonly FieldView[];
  readonly subject: Subject;
  readonly example: Flight;
  readonly asked: { readonly flight: Flight; readonly prediction: Prediction } | undefined;
  /** Why there is no answer. */
  readonly problem: string;
  readonly model: {
    readonly name: string;
    readonly version: string;
    /** Its name where addresses have to name it, '' where it answers unasked. */
    readonly named: string;
  };
}
