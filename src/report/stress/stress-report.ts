/**
 * What the stress report reads of a run file: plain results, so that the page needs to know nothing of the generator.
 */

export interface StressQuantiles {
  readonly p50Ms: number | null;
  readonly p90Ms: number | null;
  readonly p99Ms: number | null;
  readonly p999Ms: number | null;
  readonly maxMs: number | null;
  readonly count: number;
}

export interface StressWindow {
  /** Where it begins, and how many seconds it covers. */
  readonly second: number;
  readonly seconds: number;
  readonly planned: number;
  readonly ok: number;
  readonly httpError: number;
  readonly socketError: number;
  readonly timeout: number;
  readonly dropped: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly maxMs: number | null;
  readonly heat: readonly number[];
  readonly nOpen: number;
  readonly inFlight: number;
  readonly waiting: number;
}

export interface StressStep {
  readonly ratePerSecond: number | null;
  readonly connections: number;
  readonly durationMs: number;
  readonly warmUpMs: number;
  readonly summary: {
    readonly planned: number;
    readonly outcomes: Readonly<
      Record<'ok' | 'httpError' | 'socketError' | 'timeout' | 'dropped' | 'inFlight', number>
    >;
    readonly throughputPerSecond: number;
    readonly seconds: number;
    readonly errorShare: number;
    readonly wrong: number;
    readonly checked: number;
    readonly reopened: number;
    readonly responseTime: StressQuantiles;
    readonly serviceTime: StressQuantiles;
    readonly lag: StressQuantiles;
    readonly connectTime: StressQuantiles;
    readonly errorTime: StressQuantiles;
    readonly reasons: Readonly<Record<string, number>>;
  };
  readonly histograms: Readonly<Record<'response' | 'service', readonly number[]>>;
  readonly windows: readonly StressWindow[];
  readonly steadiness: { readonly sentence: string };
  readonly little: { readonly sentence: string };
  readonly p99RangeMs: readonly [number, number] | null;
}

export interface StressFault {
  readonly fault: string;
  readonly what: string;
  readonly atMs: number;
  readonly steadyBefore: boolean;
  readonly requestsLost: number;
  readonly wrongAnswers: number;
  readonly longestGapMs: number;
  readonly firstSuccessMs: number | null;
  readonly recoveredMs: number | null;
  readonly peakP99Ms: number | null;
  readonly socketsReopened: number;
  readonly replacedInMs: number | null;
  readonly readyInMs: number | null;
  readonly restarts: number | null;
  readonly undone: boolean;
  readonly notes: readonly string[];
}

export interface StressReport {
  readonly madeBy: string;
  readonly startedAt: string;
  readonly machine: { readonly cores: number; readonly descriptors: number };
  readonly url: string;
  readonly load: string;
  readonly payload: string;
  readonly plan: string;
  readonly notes: readonly string[];
  readonly slo: readonly string[];
  readonly scale: { readonly bits: number; readonly maxBits: number };
  readonly heatScale: { readonly bits: number; readonly maxBits: number };
  readonly connections: { readonly planned: number; readonly opened: number };
  readonly main: StressStep;
  readonly verdict: {
    readonly kind: 'valid' | 'generator-bound' | 'invalid';
    readonly sentence: string;
    readonly busy: number;
    readonly starved: number;
    readonly service: number | null;
    readonly latenessP99Ms: number | null;
  };
  readonly thresholds: readonly {
    readonly threshold: string;
    readonly actual: number | null;
    readonly holds: boolean;
  }[];
  readonly faults?: readonly StressFault[];
  readonly findMax?: {
    readonly sustainedPerSecond: number | null;
    readonly breakingPerSecond: number | null;
    readonly reason: string | null;
  };
  readonly capacity?: {
    readonly points: readonly {
      readonly load: number;
      readonly throughput: number;
      readonly meanMs: number;
      readonly p99Ms: number;
    }[];
    readonly usl: {
      readonly gamma: number;
      readonly alpha: number;
      readonly beta: number;
      readonly r2: number;
      readonly sentence: string;
    } | null;
    readonly knee: { readonly kneedle: number | null; readonly sentence: string } | null;
    readonly trials: readonly {
      readonly name: string;
      readonly ratePerSecond: number | null;
      readonly throughputPerSecond: number;
      readonly p50Ms: number | null;
      readonly p99Ms: number | null;
      readonly errorShare: number;
      readonly inFlight: number;
      readonly busy: number;
    }[];
  };
  readonly ramp?: {
    readonly ratePerSecond: number;
    readonly steps: readonly {
      readonly planned: number;
      readonly opened: number;
      readonly heldP50Ms: number | null;
      readonly heldP99Ms: number | null;
      readonly heldErrorShare: number;
      readonly fullPerSecond: number;
      readonly fullP99Ms: number | null;
      readonly fullErrorShare: number;
    }[];
  };
}

/** An earlier run beside this one. */
export interface StressComparison {
  readonly sentence: string;
  readonly regressed: boolean;
  readonly changes: readonly {
    readonly metric: string;
    readonly before: number;
    readonly after: number;
    readonly worse: number;
    readonly noise: number;
    readonly regressed: boolean;
  }[];
  readonly earlierStartedAt: string;
}
