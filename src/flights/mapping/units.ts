/**
 * Units that numbers of a file may have, and the way from each to the unit of the field.
 */
import { AppError } from '../../core/errors.ts';

interface Scale {
  readonly factor: number;
  readonly offset?: number;
}

const MILES: Readonly<Record<string, Scale>> = {
  miles: { factor: 1 },
  mi: { factor: 1 },
  km: { factor: 1 / 1.609344 },
  m: { factor: 1 / 1609.344 },
  nm: { factor: 1.852 / 1.609344 },
  ft: { factor: 1 / 5280 },
};

const FAHRENHEIT: Readonly<Record<string, Scale>> = {
  F: { factor: 1 },
  C: { factor: 1.8, offset: 32 },
  K: { factor: 1.8, offset: 32 - 1.8 * 273.15 },
};

const MPH: Readonly<Record<string, Scale>> = {
  mph: { factor: 1 },
  kt: { factor: 1.852 / 1.609344 },
  'km/h': { factor: 1 / 1.609344 },
  'm/s': { factor: 3.6 / 1.609344 },
};

const UNITS: Readonly<Record<string, Readonly<Record<string, Scale>>>> = {
  delayMinutes: { min: { factor: 1 }, s: { factor: 1 / 60 }, h: { factor: 60 } },
  distanceMiles: MILES,
  visibilityMiles: MILES,
  temperatureF: FAHRENHEIT,
  dewPointF: FAHRENHEIT,
  windSpeedMph: MPH,
  windGustMph: MPH,
  precipitationInches: { in: { factor: 1 }, mm: { factor: 1 / 25.4 }, cm: { factor: 1 / 2.54 } },
  pressureMillibars: {
    mbar: { factor: 1 },
    hPa: { factor: 1 },
    inHg: { factor: 33.8639 },
    kPa: { factor: 10 },
  },
  humidityPercent: { '%': { factor: 1 }, share: { factor: 100 } },
  ceilingFeet: { ft: { factor: 1 }, m: { factor: 1 / 0.3048 } },
};

/** SQL for a number of that unit in the unit of the field. @throws AppError usage for a unit that it does not have */
export const scaled = (field: string, number: string, unit: string | undefined): string => {
  if (unit === undefined) return number;
  const units = UNITS[field] ?? {};
  const scale = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (!scale)
    throw new AppError(
      'usage',
      `${field} is not read in ${unit}; ${Object.keys(units).join(', ') || 'no unit'} can be said`,
    );
  return `(${number} * ${scale.factor}${scale.offset === undefined ? '' : ` + ${scale.offset}`})`;
};
