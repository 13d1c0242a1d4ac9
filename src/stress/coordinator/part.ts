/**
 * The part of a run that one of several machines takes: every n-th request of one plan, its share of the connections.
 */
import { AppError } from '../../core/errors.ts';

export interface RunPart {
  /** 0-based, below `of`. */
  readonly index: number;
  readonly of: number;
}

export const WHOLE: RunPart = { index: 0, of: 1 };

/** `0/4` to `3/4`. @throws AppError usage */
export const parsePart = (text: string): RunPart => {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, of] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || of < 1 || index >= of) {
    throw new AppError(
      'usage',
      `--part '${text}' is not a part; 0/4, 1/4, 2/4 or 3/4 of four machines is expected.`,
    );
  }
  return { index, of };
};

/** A part's share of a count; the shares of all parts add up to it. */
export const shareOfCount = (count: number, { index, of }: RunPart): number =>
  Math.floor(count / of) + (index < count % of ? 1 : 0);

/**
 * The place of a process among those of all parts, for schedules that walk interleaved: part p of P takes the requests
 * p, p + P, p + 2P, ... of the plan, however many processes share them.
 */
export const placeOf = (
  shard: number,
  nShards: number,
  { index, of }: RunPart,
): { readonly place: number; readonly nPlaces: number } => ({
  place: index + of * shard,
  nPlaces: of * nShards,
});

/** A moment such as 2026-01-31T12:00:00Z, or seconds since 1970. @throws AppError usage */
export const parseStartAt = (text: string): number => {
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new AppError(
      'usage',
      `--start-at '${text}' is not a moment; 2026-01-31T12:00:00Z or seconds since 1970 is expected.`,
    );
  }
  return ms;
};
