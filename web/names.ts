/**
 * Names of airlines and airports beside their codes, from the tables of `data/`; read when first asked for.
 */
import airlines from '../data/airline-names.tsv' with { type: 'text' };
import airports from '../data/airport-names.tsv' with { type: 'text' };

type Names = ReadonlyMap<string, string>;

/** By IATA and by ICAO code; the first line names the columns. */
const readTable = (text: string, nameOfRow: (cells: readonly string[]) => string): Names => {
  const names = new Map<string, string>();
  for (const line of text.trimEnd().split('\n').slice(1)) {
    const cells = line.split('\t');
    const name = nameOfRow(cells);
    for (const code of cells.slice(0, 2))
      if (code !== '' && !names.has(code)) names.set(code, name);
  }
  return names;
};

/** `New York, John F Kennedy` instead of `John F Kennedy International Airport`. */
const placeOf = ([, , name = '', city = '', country = '']: readonly string[]): string => {
  const short = name.replace(/ (?:International|Intl|Regional|Municipal)?\s*Airport$/, '');
  const place = city === '' ? country : city;
  return short === '' || short.toLowerCase() === city.toLowerCase()
    ? `${place}, ${country}`
    : `${place}, ${short}`;
};

const once = <T>(build: () => T): (() => T) => {
  let built: T | undefined;
  return () => {
    built ??= build();
    return built;
  };
};

const airlineNames = once(() => readTable(airlines, ([, , name = '']) => name));
const airportNames = once(() => readTable(airports, placeOf));

/** Which table names the values of an input. */
const TABLES: Readonly<Record<string, () => Names>> = {
  airline: airlineNames,
  origin: airportNames,
  destination: airportNames,
};

/** `Delta Air Lines` of the value `DL` of the field `airline`; empty when it has none. */
export const nameOf = (field: string, code: string): string =>
  Object.hasOwn(TABLES, field) ? (TABLES[field]!().get(code) ?? '') : '';

/**
 * Every airline and airport with an IATA code, `code, name` by lines: what is searched when the model knows no match.
 * Cities of one name are told apart by their country.
 */
export const allNames = (): Readonly<Record<'airline' | 'airport', string>> => ({
  airline: linesOf(airlines, ([, , name = '']) => name),
  airport: linesOf(airports, (cells) => {
    const [country, place] = [cells[4]!, placeOf(cells)];
    return place.endsWith(`, ${country}`) ? place : `${place}, ${country}`;
  }),
});

const linesOf = (text: string, nameOfRow: (cells: readonly string[]) => string): string =>
  text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .map((cells) => `${cells[0]}\t${nameOfRow(cells)}`)
    .join('\n');
