/**
 * The routes that a stored model knows: those of the flights that it learned from.
 */
import type { Model } from './model.ts';

interface KnownRoutes {
  /** Whether origin and destination of the flight at `raw[at]` are known, and not one flight went from one to the other. */
  readonly isRouteNew: (raw: Float64Array, at: number) => boolean;
  /** Whether all three are known, and not one flight of this airline went from one to the other. */
  readonly isAirlineNew: (raw: Float64Array, at: number) => boolean;
}

const PARTS = ['airline', 'origin', 'destination'] as const;

/** Larger tables of all routes that could be are not worth a sentence. */
const LARGEST = 1 << 24;

/**
 * The routes are the keys of the lookup by airline, origin and destination that every training stores; undefined for a
 * model without one.
 */
export const knownRoutesOf = ({ inputs, features }: Model): KnownRoutes | undefined => {
  const lookup = features.find(
    (feature) =>
      feature.step === 'lookup' &&
      feature.parts.length === PARTS.length &&
      feature.parts.every(({ of, input }, p) => of === 'code' && input === PARTS[p]),
  );
  if (lookup?.step !== 'lookup') return undefined;
  const [, nOrigins, nDestinations] = lookup.parts.map(({ radix }) => radix) as [
    number,
    number,
    number,
  ];
  const nRoutes = nOrigins * nDestinations;
  if (nRoutes > LARGEST) return undefined;
  const [airline, origin, destination] = PARTS.map((name) =>
    inputs.findIndex((input) => input.name === name),
  ) as [number, number, number];
  const routes = new Uint8Array(nRoutes);
  const keys = new Set<number>();
  for (const key of lookup.keys) {
    routes[key % nRoutes] = 1;
    keys.add(key);
  }
  /** NaN where one of the two is missing or unknown. */
  const routeAt = (raw: Float64Array, at: number): number =>
    raw[at + origin]! * nDestinations + raw[at + destination]!;
  return {
    isRouteNew: (raw, at) => routes[routeAt(raw, at)] === 0,
    isAirlineNew: (raw, at) => {
      const key = raw[at + airline]! * nRoutes + routeAt(raw, at);
      return !Number.isNaN(key) && !keys.has(key);
    },
  };
};
