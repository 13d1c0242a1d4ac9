/**
 * Flights that are there more than once, found by hashes of 53 bits: exactly while they fit, and on a share of the
 * flights, chosen by their hash, where they do not.
 */

export interface Duplicates {
  /** Rows beyond the first of the same flight: airline, number, route, scheduled departure. */
  readonly rows: number;
  /** Rows whose aircraft leaves at that minute on that route under another number too. */
  readonly codeShares: number;
  /** Files that hold the very flights of another one. */
  readonly sameFiles: readonly (readonly [file: string, other: string])[];
  /** False where the figures are scaled up from a share of the flights. */
  readonly isExact: boolean;
}

interface DuplicateFinder {
  readonly startFile: (file: string) => void;
  /** A flight by its parts as whole numbers; `aircraft` is undefined where nobody knows it. */
  readonly add: (
    identity: readonly [number, number, number, number, number],
    aircraft: number | undefined,
  ) => void;
  readonly finish: () => Duplicates;
}

/** Hashes that are kept of each kind: 32 MB. */
const MAX_HASHES = 1 << 22;

const mix = (hash: number, value: number): number => {
  let h = Math.imul(hash ^ value, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  return h ^ (h >>> 13);
};

interface HashSample {
  readonly add: (low: number, high: number) => void;
  /** How many more there are than different ones. */
  readonly nRepeated: () => number;
  readonly isExact: () => boolean;
}

const startSample = (): HashSample => {
  let hashes = new Float64Array(1 << 16);
  let n = 0;
  let mask = 0;
  const thin = (): void => {
    mask = mask * 2 + 1;
    let kept = 0;
    for (let i = 0; i < n; i++)
      if (((hashes[i]! % 2 ** 32) & mask) === 0) hashes[kept++] = hashes[i]!;
    n = kept;
  };
  return {
    add: (low, high) => {
      if ((low & mask) !== 0) return;
      if (n === hashes.length) {
        if (n < MAX_HASHES) {
          const wider = new Float64Array(2 * n);
          wider.set(hashes);
          hashes = wider;
        } else {
          thin();
          if ((low & mask) !== 0) return;
        }
      }
      hashes[n++] = (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
    },
    nRepeated: () => {
      const sorted = hashes.slice(0, n).sort();
      let nRepeated = 0;
      for (let i = 1; i < n; i++) if (sorted[i] === sorted[i - 1]) nRepeated++;
      return nRepeated * (mask + 1);
    },
    isExact: () => mask === 0,
  };
};

export const startDuplicates = (): DuplicateFinder => {
  const flights = startSample();
  const departures = startSample();
  let nKnown = 0;
  const files: { file: string; n: number; sum: number; xor: number }[] = [];
  return {
    startFile: (file) => {
      files.push({ file, n: 0, sum: 0, xor: 0 });
    },
    add: (identity, aircraft) => {
      let low = 0x9e3779b1;
      let high = 0x7f4a7c15;
      for (const part of identity) {
        low = mix(low, part);
        high = mix(high, ~part);
      }
      flights.add(low, high);
      const file = files.at(-1)!;
      file.n++;
      file.sum = (file.sum + (low >>> 0)) % 2 ** 48;
      file.xor ^= high;
      if (aircraft === undefined) return;
      nKnown++;
      const [, , from, to, minute] = identity;
      let physical = mix(mix(mix(mix(1, from), to), minute), aircraft);
      let other = mix(mix(mix(mix(2, ~from), ~to), ~minute), ~aircraft);
      physical |= 0;
      other |= 0;
      departures.add(physical, other);
    },
    finish: () => {
      const rows = flights.nRepeated();
      const nSame = departures.nRepeated();
      const sameFiles = files.flatMap((file, i) => {
        const twin = files
          .slice(0, i)
          .find(({ n, sum, xor }) => n > 0 && n === file.n && sum === file.sum && xor === file.xor);
        return twin ? [[file.file, twin.file] as const] : [];
      });
      return {
        rows,
        // A flight that is there twice is no code-share of itself.
        codeShares: nKnown > 0 ? Math.max(0, nSame - rows) : 0,
        sameFiles,
        isExact: flights.isExact() && departures.isExact(),
      };
    },
  };
};
