/**
 * A thread that finds the importance of features, once.
 * The entry of a worker; started by `importance-beside`.
 */
import { type ExplainedScore, importanceOfScore } from './importance.ts';

export interface ImportanceTask {
  readonly explained: ExplainedScore;
  /** float64, shape (n, nInputs). */
  readonly raw: Float64Array;
}

declare const self: Worker;

self.onmessage = ({ data: { explained, raw } }: MessageEvent<ImportanceTask>) => {
  self.postMessage(importanceOfScore(explained, raw));
};
