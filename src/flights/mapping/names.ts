/**
 * Names that mean the same: what a column of a stranger's file is likely to be.
 */

/** A name as it sounds: without case, accents, signs. */
const plainName = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');

/** Steps from one word to the other: letters put in, left out, changed. @source Levenshtein 1966 */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        row[j]! + 1,
        next[j - 1]! + 1,
        row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    row = next;
  }
  return row[b.length]!;
};

/** From 0 (nothing alike) to 1 (the same name). */
const likeness = (a: string, b: string): number => {
  const [x, y] = [plainName(a), plainName(b)];
  const longest = Math.max(x.length, y.length);
  return longest === 0 ? 0 : 1 - distance(x, y) / longest;
};

const CLOSE = 0.7;

/** The name that is meant, undefined where none is near. */
export const closestName = (name: string, names: readonly string[]): string | undefined => {
  const best = names
    .map((known) => ({ known, score: likeness(name, known) }))
    .sort((a, b) => b.score - a.score)[0];
  return best && best.score >= CLOSE ? best.known : undefined;
};

/** Plain names of columns by what they hold, the likelier first. */
const KNOWN_NAMES = {
  airline:
    'airline carrier aircarrier airlinecode carriercode airlineiata opcarrier opuniquecarrier uniquecarrier reportingairline operator operatingairline marketingairline acoperator company airlinename aerolinea empresa emp companhia compania cia airlineicao opera op',
  flightNumber:
    'flight flightnumber flightno flightnum flnum fltno flt flno fltnum fn number vuelo numerovuelo nvuelo nrovuelo numvuelo novuelo vlo numerovoo voo callsign',
  tailNumber:
    'tailnum tailnumber tail registration reg acreg aircraftregistration acregistration matricula',
  origin:
    'origin from org orig adep departureairport depairport originairport airportfrom iataorigin origen src depstation departurestation fromairport aeroportoorigem desde ori dep',
  destination:
    'destination dest to dst ades arrivalairport arrairport destinationairport airportto iatadest destino arrstation arrivalstation toairport hacia hasta des arr',
  terminal: 'terminal depterminal departureterminal',
  scheduledDeparture:
    'std scheduleddeparture scheddep scheduleddeparturetime scheddeptime scheddeparture crsdeptime crsdep planneddeparture planneddeparturetime planneddep departurescheduled depscheduled depsched scheduleddep scheduleddatetime sobt partidaprevista salidaprogramada salidaprevista horasalida horaprogramada horaprevista horaprog fechahora fechai schedtime scheduledtime plannedtime departuredatetime depdatetime departuretime departure deptime datetime timestamp time salida hora',
  date: 'date flightdate fldate fltdate flightdt departuredate depdate servicedate opdate dateofflight scheduleddate scheddate fecha fechavuelo fechaprogramada fechasalida data datavoo dataprevista day',
  scheduledArrival:
    'sta scheduledarrival schedarr scheduledarrivaltime schedarrtime schedarrival crsarrtime crsarr plannedarrival plannedarrivaltime plannedarr arrivalscheduled arrscheduled arrsched sibt chegadaprevista llegadaprogramada',
  distanceMiles: 'distance distancemiles dist distmiles miles distancemi distancia',
  distanceKm: 'distancekm distkm km kilometers kilometres distanciakm',
  delayMinutes:
    'delayminutes arrdelay arrivaldelay arrdelaymin arrdelayminutes arrivaldelayminutes delay delaymin delaymins minutedelay minuteslate latemin lateminutes dlyarr arrdly depdelay departuredelay depdelaymin depdelayminutes departuredelayminutes dlydep depdly dly delayinminutes atraso atrasominutos atrasomin minutosatraso retraso retrasominutos retrasomin minutosretraso demora',
  actualDeparture:
    'atd actualdeparture actualdeparturetime actualdep actualdeptime actdep actdeptime departureactual aobt realdeparture salidareal partidareal horareal horasalidareal',
  actualArrival:
    'ata actualarrival actualarrivaltime actualarr actualarrtime actarr actarrtime arrivalactual aibt realarrival llegadareal chegadareal horallegadareal',
  cancelled: 'cancelled canceled iscancelled iscanceled canx cancellation cancelado',
  year: 'year yr ano anio',
  month: 'month mon mes',
  dayOfMonth: 'dayofmonth day dom dia mday',
} as const;

export type KnownName = keyof typeof KNOWN_NAMES;

/** How likely a column is what the name says: 1 for a name that is known, less for one that is near. */
export const nameScore = (column: string, what: KnownName): number => {
  const plain = plainName(column);
  const names = KNOWN_NAMES[what].split(' ');
  const place = names.indexOf(plain);
  if (place >= 0) return 1 - place / 1000;
  if (plain.length < 4) return 0;
  const best = Math.max(
    ...names.filter((name) => name.length > 3).map((name) => likeness(plain, name)),
  );
  return best >= 0.8 ? 0.8 * best : 0;
};
