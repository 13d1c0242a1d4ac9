/**
 * Rates and stages of a load as text: `5000`, `10/s`, `6/m`; `100@30s,100..2000@2m,2000@5m,0@10s`.
 */
import { parseDurationMs } from '../core/duration.ts';
import { AppError } from '../core/errors.ts';
import { readNamedFile } from '../core/files/named-file.ts';
import type { Stage } from './generator/schedule.ts';

const MAX_PER_SECOND = 10_000_000;
const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** One rate, or stages with rates of their own. */
export type RateText =
  | { readonly kind: 'steady'; readonly perSecond: number }
  | { readonly kind: 'stages'; readonly stages: readonly Stage[] };

/** @throws AppError usage */
export const parseRate = (text: string): RateText => {
  if (text.includes('@')) return { kind: 'stages', stages: parseStages(text) };
  const perSecond = perSecondOf(text.trim());
  if (perSecond === undefined || perSecond <= 0) {
    throw new AppError(
      'usage',
      `--rate '${text}' is not a rate; '5000', '10/s', '6/m' or stages such as '100@30s,100..2000@2m,0@10s' are expected.`,
    );
  }
  return { kind: 'steady', perSecond };
};

/** Stages, one a line or joined by commas; what follows a # is a remark. @throws AppError usage, file-missing */
export const readStages = (path: string): readonly Stage[] => {
  const text = readNamedFile(path, `--stages '${path}'`).toString('utf8');
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return parseStages(lines.filter((line) => line !== '').join(','));
};

const parseStages = (text: string): readonly Stage[] => {
  const stages = text.split(',').map((part) => parseStage(part.trim()));
  if (stages.every(({ fromPerSecond, toPerSecond }) => fromPerSecond + toPerSecond === 0)) {
    throw new AppError('usage', `The stages '${text}' plan no request.`);
  }
  return stages;
};

const parseStage = (text: string): Stage => {
  const match = /^([^@\s]+)(?:\s*@\s*|\s+)([^@\s]+)$/.exec(text);
  const [from = '', to = from] = match?.[1]?.split('..') ?? [];
  const [fromPerSecond, toPerSecond] = [perSecondOf(from), perSecondOf(to)];
  const durationMs = parseDurationMs(match?.[2] ?? '');
  const isWhole =
    fromPerSecond !== undefined && toPerSecond !== undefined && durationMs !== undefined;
  if (!isWhole || durationMs <= 0) {
    throw new AppError(
      'usage',
      `The stage '${text}' is not understood; 'RATE@TIME' or 'FROM..TO@TIME' is expected, such as '100@30s' or '100..2000@2m'.`,
    );
  }
  return { fromPerSecond, toPerSecond, durationMs };
};

const perSecondOf = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(?:\/(s|m|h))?$/.exec(text);
  if (!match) return undefined;
  const perSecond = Number(match[1]) / UNIT_S[match[2] ?? 's']!;
  return perSecond <= MAX_PER_SECOND ? perSecond : undefined;
};
