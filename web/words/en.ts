/**
 * The page in English.
 */
import type { Subject } from '../view.ts';
import type { Words } from './words.ts';

const FACTS: Readonly<Record<string, (value: string) => string>> = {
  airline: (value) => `Flies with ${value}`,
  flightNumber: (value) => `Is flight number ${value}`,
  tailNumber: (value) => `Flies with aircraft ${value}`,
  origin: (value) => `Leaves from ${value}`,
  destination: (value) => `Goes to ${value}`,
  terminal: (value) => `Leaves from terminal ${value}`,
  scheduledDeparture: (value) => `Leaves ${value}`,
  scheduledArrival: (value) => `Arrives ${value}`,
  distanceMiles: (value) => `Covers ${value}`,
};

const amount = (probability: number): string => {
  const count = Math.round(probability * 100);
  if (probability < 0.005) return 'Fewer than 1 of 100';
  if (probability > 0.995) return 'More than 99 of 100';
  return `About ${count} of 100`;
};

const event = ({ target, minutes, outcome }: Subject, isOne: boolean): string => {
  const lateness = minutes === 1 ? '1 minute late or more' : `${minutes} minutes late or more`;
  switch (target) {
    case 'arrival':
      return `flights like this ${isOne ? 'arrives' : 'arrive'} ${lateness}`;
    case 'departure':
      return `flights like this ${isOne ? 'departs' : 'depart'} ${lateness}`;
    case 'delay':
      return `flights like this ${isOne ? 'is' : 'are'} ${lateness}`;
    case 'outcome':
      return outcome === ''
        ? `cases like this ${isOne ? 'is' : 'are'} positive, in the sense that the model was trained on`
        : `cases like this ${isOne ? 'is' : 'are'} of class “${outcome}”`;
  }
};

const TARGETS: Readonly<Record<Subject['target'], string>> = {
  arrival: 'arrives',
  departure: 'departs',
  delay: 'is',
  outcome: '',
};

export const english: Words = {
  locale: 'en-GB',
  title: 'Will the flight be late?',
  tagline: 'How often flights like yours are late, from what is known before departure.',
  otherTitle: 'Español',
  views: { predict: 'Predict', model: 'Model', service: 'Service' },
  languageName: 'Language',
  skip: 'Skip to the answer',
  units: { in: 'inches', '°': 'degrees', mbar: 'millibars', ft: 'feet' },
  labels: {
    airline: 'Airline',
    flightNumber: 'Flight number',
    tailNumber: 'Aircraft registration',
    origin: 'From',
    destination: 'To',
    terminal: 'Terminal',
    scheduledDeparture: 'Departure',
    scheduledArrival: 'Arrival',
    distanceMiles: 'Distance',
    temperatureF: 'Temperature',
    dewPointF: 'Dew point',
    humidityPercent: 'Humidity',
    windDirectionDegrees: 'Wind direction',
    windSpeedMph: 'Wind speed',
    windGustMph: 'Wind gusts',
    precipitationInches: 'Precipitation',
    pressureMillibars: 'Pressure',
    visibilityMiles: 'Visibility',
    ceilingFeet: 'Ceiling',
    precipitation6hInches: 'Precipitation, 6 hours',
    precipitation24hInches: 'Precipitation, 24 hours',
    pressureTendencyMillibars: 'Pressure change',
    windEastMph: 'Wind from the east',
    windNorthMph: 'Wind from the north',
    nearbyPrecipitationInches: 'Precipitation nearby',
    nearbyPrecipitation6hInches: 'Precipitation nearby, 6 hours',
    nearbyPrecipitation24hInches: 'Precipitation nearby, 24 hours',
    nearbyVisibilityMiles: 'Visibility nearby',
    nearbyWindSpeedMph: 'Wind nearby',
    nearbyPressureTendencyMillibars: 'Pressure change nearby',
    destinationTemperatureF: 'Temperature there',
    destinationWindSpeedMph: 'Wind there',
    destinationWindGustMph: 'Wind gusts there',
    destinationPrecipitationInches: 'Precipitation there',
    destinationPrecipitation6hInches: 'Precipitation there, 6 hours',
    destinationVisibilityMiles: 'Visibility there',
    destinationCeilingFeet: 'Ceiling there',
    originHourDepartures: 'Departures that day in that hour',
    originNearDepartures: 'Departures that day around that hour',
    originDayDepartures: 'Departures of the day',
    originEarlierDepartures: 'Departures that day before that hour',
    airlineHourDepartures: 'Departures of the airline in that hour',
    airlineDayDepartures: 'Departures of the airline on the day',
    aircraftEarlierFlights: 'Earlier flights of the aircraft',
    aircraftGapMinutes: 'Minutes since its previous flight',
    destinationHourFlights: 'Flights to the destination in that hour',
    destinationNearFlights: 'Flights to the destination around that hour',
    departureMinute: 'Time of departure',
    arrivalMinute: 'Time of arrival',
    dayOfWeek: 'Day of the week',
    dayOfYear: 'Day of the year',
    scheduledMinutes: 'Scheduled duration',
    departuresPerHour: 'Departures in that hour',
    departuresNear: 'Departures around that hour',
    departuresEarlier: 'Departures before that hour',
    departuresOfAirlinePerHour: 'Departures of the airline in that hour',
    departuresOfAirline: 'Departures of the airline on the day',
    flightsOfAircraft: 'Earlier flights of the aircraft',
    minutesSinceFlight: 'Minutes since its previous flight',
    flightsToDestinationNear: 'Flights to that destination around that hour',
    flightsToDestinationPerHour: 'Flights to that destination in that hour',
    lateOfAirline: 'Record of the airline',
    lateOfHour: 'Record of the hour',
    lateOfOriginHour: 'Record of the airport at that hour',
    lateOfAirlineHour: 'Record of the airline at that hour',
    lateOfDestination: 'Record of the destination',
    lateOfRoute: 'Record of the route',
    lateOfFlight: 'Record of the flight number',
    lateOfTail: 'Record of the aircraft',
  },
  form: {
    ask: 'Ask',
    optional: 'optional',
    unknown: 'not known',
    choose: 'choose',
    date: 'date',
    time: 'time',
    dateHint: 'year-month-day',
    timeHint: '24 h',
    localAtOrigin: 'local time at the origin',
    localAtDestination: 'local time at the destination',
    example: 'Fill in an example',
    clear: 'Clear',
    more: 'More about the flight',
    search: 'code, city or name',
    matches: (count) => (count === 1 ? '1 match' : `${count} matches`),
    noMatch: 'Nothing by that name.',
    notLearned: 'not in what the model learned',
    badDate: 'This is not a date: write it as 2013-07-05.',
    badTime: 'This is not a time: write it as 18:30.',
    badNumber: 'This is not a number.',
    required: 'This field is required.',
    marked: 'Something is missing or cannot be read: see the marked fields.',
  },
  answer: {
    title: 'The answer',
    empty: 'Fill in what you know about the flight. Nothing that you enter is stored.',
    waiting: 'Asking …',
    none: 'No answer',
    unreachable: 'The service cannot be reached. It will be asked again as soon as it is back.',
    again: 'Ask again',
    sentence: (probability, subject) =>
      `${amount(probability)} ${event(subject, Math.round(probability * 100) <= 1)}.`,
    verdict: (delayed, threshold, isOutcome) =>
      isOutcome
        ? `The model says yes at a chance of ${threshold} or more; here it says ${delayed ? 'yes' : 'no'}.`
        : `A flight is called delayed at a chance of ${threshold} or more; this one is called ${delayed ? 'delayed' : 'on time'}.`,
    dots: 'Fifty flights like this',
    dotsNote:
      'Each dot is one of fifty equally likely outcomes. Between the delays that the model answers for, dots are spread evenly.',
    onTime: 'on time',
    under: (minutes) => `under ${minutes}`,
    between: (from, to) => `${from}–${to}`,
    over: (minutes) => `${minutes}+`,
    dotsLabel: (parts) => `Of fifty flights like this, by minutes late: ${parts}`,
    chances: 'How late',
    atLeast: (minutes) => `At least ${minutes} minutes late`,
    quantile: (share, minutes) => `${share} of 100 are late by no more than ${minutes}`,
    quantileOnTime: (share) => `${share} of 100 are not late`,
    minutes: (count) => (count === 1 ? '1 minute' : `${count} minutes`),
    why: 'Why',
    otherFacts: (count) => `${count} other facts, together`,
    base: 'Any flight, before anything is known of it',
    points: 'points',
    whyNote: 'Percentage points that each fact adds or takes away; together they give the answer.',
    fact: (input, value) =>
      Object.hasOwn(FACTS, input) ? FACTS[input]!(value) : `${input} is ${value}`,
    notKnown: (label) => `${label}: not known`,
    hours: 'The same flight at other hours of that day',
    days: 'The same flight on the days of that week',
    stripLabel: (low, lowAt, high, highAt) =>
      `Lowest: ${low} of 100 (${lowAt}). Highest: ${high} of 100 (${highAt}).`,
    changes: 'What would change it',
    atHour: (clock) => `Leaving at ${clock}`,
    onDay: (day) => `On ${day}`,
    change: (when, count) => `${when}: ${count} of 100`,
    noChange: 'Another hour or another day of that week would change little.',
  },
  notes: {
    unseen: (label, value) =>
      `${label} “${value}” does not occur in what the model learned from; the answer takes it as not known.`,
    outside: (from, to) =>
      `The date lies outside the flights that the model learned from (${from} to ${to}). It cannot know what has changed since.`,
  },
  share: {
    title: 'Ask the same from a program',
    link: 'A link that opens this flight again',
    copy: 'Copy',
    copied: 'Copied',
  },
  file: {
    title: 'A whole file',
    invite:
      'Drop a CSV or NDJSON file of flights here and get it back with a probability for each.',
    pick: 'Choose a file',
    working: (done) => `${done.toLocaleString('en')} flights so far …`,
    done: (scored, failed) =>
      `${scored.toLocaleString('en')} ${scored === 1 ? 'flight' : 'flights'} scored${failed > 0 ? `, ${failed.toLocaleString('en')} could not be read` : ''}.`,
    download: 'Download the scored file',
    missing: (columns) =>
      `The file has no column ${columns}. The first line must name the columns.`,
    empty: 'The file holds no flights.',
    first: (count) => `The first ${count}`,
    line: 'line',
    error: 'error',
  },
  model: {
    answers: ({ target, minutes, outcome }, threshold) =>
      target === 'outcome'
        ? `It estimates how likely ${outcome === '' ? 'its own outcome' : `class “${outcome}”`} is, and says yes at ${threshold} or more.`
        : `It estimates how likely it is that a flight ${TARGETS[target]} at least ${minutes} minutes late, and calls it delayed at ${threshold} or more.`,
    learned: (rows, periods, dialect) =>
      `It learned from ${rows === '' ? 'flights' : `${rows} flights`} ${periods
        .map(([from, to]) => (from === to ? `of ${from}` : `between ${from} and ${to}`))
        .join(', ')} (${dialect}).`,
    imported: (by) => `It was made with ${by} and imported.`,
    tested: (rows, from, to, late) =>
      `It was measured on ${rows} later flights that it had not seen${from ? `, ${from} to ${to}` : ''}; ${late} of them were late.`,
    testedAtRandom: (rows, late) =>
      `It was measured on ${rows} flights drawn at random from the same days, which flatters it; ${late} of them were late.`,
    testedBefore: (rows, from, to, late) =>
      `The same method was measured on ${rows} later flights${from ? `, ${from} to ${to}` : ''}, before it learned from these as well; ${late} of them were late.`,
    quality: 'How good it is',
    which: 'Forecast',
    thisModel: 'This model',
    climatology: 'Averages of airline and hour',
    logistic: 'Logistic regression',
    auc: 'AUC',
    logLoss: 'Log loss',
    brier: 'Brier score',
    ece: 'Calibration error',
    qualityNote:
      'AUC: how well it tells late flights from the others: 0.5 is chance, 1 is perfect. Log loss, Brier score and calibration error: lower is better.',
    gains: 'How much better it is',
    gainsNote:
      'With 95% intervals from resampled days: where an interval includes 0, the difference may be chance.',
    against: 'against',
    lossSaved: 'log loss saved, %',
    aucGained: 'AUC gained',
    range: (low, high) => `${low} to ${high}`,
    coverage: 'Do the minutes come true?',
    coverageNote:
      'The model says how late 50, 80 or 90 of 100 flights are at most. Came true: how many of the later flights stayed within that, with 95% intervals.',
    promised: 'predicted, of 100',
    covered: 'came true, of 100',
    reliability: 'Does it come true?',
    reliabilityNote:
      'Flights grouped by their predicted probability, and the share of each group that was late. On the dashed line the two agree.',
    predicted: 'predicted',
    observed: 'were late',
    importance: 'What it looks at',
    importanceNote: 'How much each feature moves the answers, as a share of all features.',
    drift: 'Are today’s requests like what it learned?',
    driftNote:
      'Population stability index of the requests here against the training data: below 0.1 similar, above 0.25 very different.',
    driftNone: 'Too few requests so far to compare.',
    seen: 'requests',
    inputs: 'What it asks for',
    input: 'input',
    description: 'what it is',
    version: 'version',
    asJson: 'The model as JSON',
  },
  service: {
    states: {
      ready: 'Ready',
      starting: 'Starting',
      draining: 'Shutting down',
      lost: 'Connection lost',
    },
    hidden:
      'This service does not show its state here. It does on a loopback address, or when it is started with --service-view on.',
    rate: 'Requests per second',
    latency: 'Latency, 99th percentile',
    errors: 'Server errors per second',
    perSecond: 'per second',
    worker: 'Worker',
    process: 'Process',
    state: 'State',
    restarts: 'Restarts',
    memory: 'Memory',
    inFlight: 'In flight',
    workers: 'Workers',
    lastMinutes: 'The last two minutes',
    earlier: 'two minutes ago',
    now: 'now',
    restarted: (count) =>
      count === 1 ? 'A worker was replaced' : `${count} workers were replaced`,
    reloaded: 'A model was loaded',
    events: 'Events',
    noEvents: 'None since this view was opened.',
    reports: 'Last stress reports',
    noReports:
      'None in the folder where this service looks for them (--reports). “puntual stress URL” writes one into the folder where it is run.',
    waiting: 'Waiting for the first figures …',
  },
  footer: {
    forPrograms: 'For programs',
    docs: 'the interface',
    modelJson: 'the model as JSON',
    stored: 'Nothing that you enter is stored.',
  },
};
