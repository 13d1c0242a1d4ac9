/**
 * What is drawn across the charts of a stress report: the limits of its thresholds, the moments of its faults.
 */
import type { StressReport } from './stress-report.ts';

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

export const latencyLimits = (run: StressReport): { at: number; label: string }[] =>
  run.slo.flatMap((text) => {
    const match = /^(?:p[\d.]+|max)<=?([\d.]+)(us|ms|s)$/.exec(text.replaceAll(' ', ''));
    return match ? [{ at: Number(match[1]) * UNIT_MS[match[2]!]!, label: text }] : [];
  });

export const faultMarks = (run: StressReport): { at: number; label: string }[] =>
  (run.faults ?? []).map((fault) => ({ at: fault.atMs / 1000, label: fault.fault.split('@')[0]! }));
