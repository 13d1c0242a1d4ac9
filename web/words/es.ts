/**
 * The page in Spanish, in the forms of Chile.
 */
import type { Subject } from '../view.ts';
import type { Words } from './words.ts';

const FACTS: Readonly<Record<string, (value: string) => string>> = {
  airline: (value) => `Vuela con ${value}`,
  flightNumber: (value) => `Es el vuelo número ${value}`,
  tailNumber: (value) => `Vuela con el avión ${value}`,
  origin: (value) => `Sale de ${value}`,
  destination: (value) => `Va a ${value}`,
  terminal: (value) => `Sale del terminal ${value}`,
  scheduledDeparture: (value) => `Sale el ${value}`,
  scheduledArrival: (value) => `Llega el ${value}`,
  distanceMiles: (value) => `Recorre ${value}`,
};

const amount = (probability: number): string => {
  const count = Math.round(probability * 100);
  if (probability < 0.005) return 'Menos de 1 de cada 100';
  if (probability > 0.995) return 'Más de 99 de cada 100';
  return `${count === 1 ? 'Cerca de' : 'Unos'} ${count} de cada 100`;
};

const event = ({ target, minutes, outcome }: Subject): string => {
  const lateness = `con ${minutes} ${minutes === 1 ? 'minuto' : 'minutos'} de atraso o más`;
  switch (target) {
    case 'arrival':
      return `vuelos como este llegan ${lateness}`;
    case 'departure':
      return `vuelos como este salen ${lateness}`;
    case 'delay':
      return `vuelos como este tienen ${minutes} ${minutes === 1 ? 'minuto' : 'minutos'} de atraso o más`;
    case 'outcome':
      return outcome === ''
        ? 'casos como este son positivos, en el sentido en que se entrenó el modelo'
        : `casos como este son de la clase «${outcome}»`;
  }
};

const TARGETS: Readonly<Record<Subject['target'], string>> = {
  arrival: 'llegue con',
  departure: 'salga con',
  delay: 'tenga',
  outcome: '',
};

export const spanish: Words = {
  locale: 'es-CL',
  title: '¿Se atrasará el vuelo?',
  tagline: 'Cuántos vuelos como el suyo se atrasan, según lo que se sabe antes de la salida.',
  otherTitle: 'English',
  views: { predict: 'Predicción', model: 'Modelo', service: 'Servicio' },
  languageName: 'Idioma',
  skip: 'Ir a la respuesta',
  units: {
    miles: 'millas',
    in: 'pulgadas',
    mph: 'millas por hora',
    '°': 'grados',
    mbar: 'milibares',
    ft: 'pies',
    'mbar in 3 h': 'milibares en 3 h',
    'mph from the east': 'millas por hora del este',
    'mph from the north': 'millas por hora del norte',
  },
  labels: {
    airline: 'Aerolínea',
    flightNumber: 'Número de vuelo',
    tailNumber: 'Matrícula del avión',
    origin: 'Origen',
    destination: 'Destino',
    terminal: 'Terminal',
    scheduledDeparture: 'Salida',
    scheduledArrival: 'Llegada',
    distanceMiles: 'Distancia',
    temperatureF: 'Temperatura',
    dewPointF: 'Punto de rocío',
    humidityPercent: 'Humedad',
    windDirectionDegrees: 'Dirección del viento',
    windSpeedMph: 'Velocidad del viento',
    windGustMph: 'Ráfagas de viento',
    precipitationInches: 'Precipitación',
    pressureMillibars: 'Presión',
    visibilityMiles: 'Visibilidad',
    ceilingFeet: 'Techo de nubes',
    precipitation6hInches: 'Precipitación, 6 horas',
    precipitation24hInches: 'Precipitación, 24 horas',
    pressureTendencyMillibars: 'Cambio de presión',
    windEastMph: 'Viento del este',
    windNorthMph: 'Viento del norte',
    nearbyPrecipitationInches: 'Precipitación cercana',
    nearbyPrecipitation6hInches: 'Precipitación cercana, 6 horas',
    nearbyPrecipitation24hInches: 'Precipitación cercana, 24 horas',
    nearbyVisibilityMiles: 'Visibilidad cercana',
    nearbyWindSpeedMph: 'Viento cercano',
    nearbyPressureTendencyMillibars: 'Cambio de presión cercano',
    destinationTemperatureF: 'Temperatura en el destino',
    destinationWindSpeedMph: 'Viento en el destino',
    destinationWindGustMph: 'Ráfagas en el destino',
    destinationPrecipitationInches: 'Precipitación en el destino',
    destinationPrecipitation6hInches: 'Precipitación en el destino, 6 horas',
    destinationVisibilityMiles: 'Visibilidad en el destino',
    destinationCeilingFeet: 'Techo de nubes en el destino',
    originHourDepartures: 'Salidas del día en esa hora',
    originNearDepartures: 'Salidas del día en torno a esa hora',
    originDayDepartures: 'Salidas del día',
    originEarlierDepartures: 'Salidas del día antes de esa hora',
    airlineHourDepartures: 'Salidas de la aerolínea en esa hora',
    airlineDayDepartures: 'Salidas de la aerolínea ese día',
    aircraftEarlierFlights: 'Vuelos anteriores del avión',
    aircraftGapMinutes: 'Minutos desde su vuelo anterior',
    destinationHourFlights: 'Vuelos del día a ese destino en esa hora',
    destinationNearFlights: 'Vuelos del día a ese destino en torno a esa hora',
    departureMinute: 'Hora de salida',
    arrivalMinute: 'Hora de llegada',
    dayOfWeek: 'Día de la semana',
    dayOfYear: 'Día del año',
    scheduledMinutes: 'Duración programada',
    departuresPerHour: 'Salidas en esa hora',
    departuresNear: 'Salidas en torno a esa hora',
    departuresEarlier: 'Salidas antes de esa hora',
    departuresOfAirlinePerHour: 'Salidas de la aerolínea en esa hora',
    departuresOfAirline: 'Salidas de la aerolínea ese día',
    flightsOfAircraft: 'Vuelos anteriores del avión',
    minutesSinceFlight: 'Minutos desde su vuelo anterior',
    flightsToDestinationNear: 'Vuelos a ese destino en torno a esa hora',
    flightsToDestinationPerHour: 'Vuelos a ese destino en esa hora',
    lateOfAirline: 'Historial de la aerolínea',
    lateOfHour: 'Historial de la hora',
    lateOfOriginHour: 'Historial del aeropuerto a esa hora',
    lateOfAirlineHour: 'Historial de la aerolínea a esa hora',
    lateOfDestination: 'Historial del destino',
    lateOfRoute: 'Historial de la ruta',
    lateOfFlight: 'Historial del número de vuelo',
    lateOfTail: 'Historial del avión',
  },
  form: {
    ask: 'Consultar',
    optional: 'opcional',
    unknown: 'no se sabe',
    choose: 'elegir',
    date: 'fecha',
    time: 'hora',
    dateHint: 'día-mes-año',
    timeHint: '24 h',
    localAtOrigin: 'hora local en el origen',
    localAtDestination: 'hora local en el destino',
    example: 'Completar con un ejemplo',
    clear: 'Borrar',
    more: 'Más sobre el vuelo',
    search: 'código, ciudad o nombre',
    matches: (count) => (count === 1 ? '1 resultado' : `${count} resultados`),
    noMatch: 'No hay nada con ese nombre.',
    notLearned: 'el modelo no lo conoce',
    badDate: 'Esto no es una fecha: escríbala como 05-07-2013.',
    badTime: 'Esto no es una hora: escríbala como 18:30.',
    badNumber: 'Esto no es un número.',
    required: 'Este campo es obligatorio.',
    marked: 'Falta algún dato o no se puede leer: revise los campos marcados.',
  },
  answer: {
    title: 'La respuesta',
    empty: 'Complete lo que sepa del vuelo. Nada de lo que escriba se guarda.',
    waiting: 'Consultando …',
    none: 'Sin respuesta',
    unreachable: 'No hay conexión con el servicio. Se volverá a consultar apenas responda.',
    again: 'Consultar de nuevo',
    sentence: (probability, subject) => `${amount(probability)} ${event(subject)}.`,
    verdict: (delayed, threshold, isOutcome) =>
      isOutcome
        ? `Desde una probabilidad de ${threshold} el modelo dice que sí; aquí dice que ${delayed ? 'sí' : 'no'}.`
        : `Desde una probabilidad de ${threshold} un vuelo se da por atrasado; este se da por ${delayed ? 'atrasado' : 'puntual'}.`,
    dots: 'Cincuenta vuelos como este',
    dotsNote:
      'Cada punto es uno de cincuenta resultados igual de probables. Entre los atrasos para los que el modelo da respuesta, los puntos se reparten de manera uniforme.',
    onTime: 'puntual',
    under: (minutes) => `menos de ${minutes}`,
    between: (from, to) => `${from}–${to}`,
    over: (minutes) => `${minutes}+`,
    dotsLabel: (parts) => `De cincuenta vuelos como este, por minutos de atraso: ${parts}`,
    chances: 'Cuánto se atrasa',
    atLeast: (minutes) => `Al menos ${minutes} minutos de atraso`,
    quantile: (share, minutes) => `${share} de cada 100 se atrasan a lo más ${minutes}`,
    quantileOnTime: (share) => `${share} de cada 100 no se atrasan`,
    minutes: (count) => (count === 1 ? '1 minuto' : `${count} minutos`),
    why: 'Por qué',
    otherFacts: (count) => `Otros ${count} datos, en conjunto`,
    base: 'Cualquier vuelo, antes de saber algo de él',
    points: 'puntos',
    whyNote: 'Puntos porcentuales que cada dato suma o resta; juntos dan la respuesta.',
    fact: (input, value) =>
      Object.hasOwn(FACTS, input) ? FACTS[input]!(value) : `${input} es ${value}`,
    notKnown: (label) => `${label}: no se sabe`,
    hours: 'El mismo vuelo a otras horas de ese día',
    days: 'El mismo vuelo en los días de esa semana',
    stripLabel: (low, lowAt, high, highAt) =>
      `El mínimo: ${low} de cada 100 (${lowAt}). El máximo: ${high} de cada 100 (${highAt}).`,
    changes: 'Qué lo cambiaría',
    atHour: (clock) => `Con salida a las ${clock}`,
    onDay: (day) => `El ${day}`,
    change: (when, count) => `${when}: ${count} de cada 100`,
    noChange: 'Otra hora u otro día de esa semana cambiaría poco.',
  },
  notes: {
    unseen: (label, value) =>
      `${label}: «${value}» no aparece en los datos de los que el modelo aprendió; la respuesta lo toma como desconocido.`,
    outside: (from, to) =>
      `La fecha está fuera del período del que el modelo aprendió (${from} a ${to}). No puede saber qué ha cambiado desde entonces.`,
  },
  share: {
    title: 'Consultar lo mismo desde un programa',
    link: 'Un enlace que vuelve a abrir este vuelo',
    copy: 'Copiar',
    copied: 'Copiado',
  },
  file: {
    title: 'Un archivo completo',
    invite:
      'Suelte aquí un archivo CSV o NDJSON de vuelos y lo recibirá de vuelta con la probabilidad de cada uno.',
    pick: 'Elegir un archivo',
    working: (done) => `${done.toLocaleString('es-CL')} vuelos hasta ahora …`,
    done: (scored, failed) =>
      `${scored.toLocaleString('es-CL')} ${scored === 1 ? 'vuelo evaluado' : 'vuelos evaluados'}${failed > 0 ? `; ${failed.toLocaleString('es-CL')} no se ${failed === 1 ? 'pudo' : 'pudieron'} leer` : ''}.`,
    download: 'Descargar el archivo con los resultados',
    missing: (columns) =>
      `Al archivo le falta la columna ${columns}. La primera línea debe nombrar las columnas.`,
    empty: 'El archivo no tiene vuelos.',
    first: (count) => `Los primeros ${count}`,
    line: 'línea',
    error: 'error',
  },
  model: {
    answers: ({ target, minutes, outcome }, threshold) =>
      target === 'outcome'
        ? `Estima qué tan probable es ${outcome === '' ? 'su propio resultado' : `la clase «${outcome}»`}, y dice que sí desde ${threshold}.`
        : `Estima qué tan probable es que un vuelo ${TARGETS[target]} al menos ${minutes} minutos de atraso, y lo da por atrasado desde ${threshold}.`,
    learned: (rows, periods, dialect) =>
      `Aprendió de ${rows === '' ? 'vuelos' : `${rows} vuelos`} ${periods
        .map(([from, to]) => (from === to ? `del ${from}` : `entre el ${from} y el ${to}`))
        .join(', ')} (${dialect}).`,
    imported: (by) => `Se hizo con ${by} y se importó.`,
    tested: (rows, from, to, late) =>
      `Se midió con ${rows} vuelos posteriores que no había visto${from ? `, del ${from} al ${to}` : ''}; ${late} de ellos se atrasaron.`,
    testedAtRandom: (rows, late) =>
      `Se midió con ${rows} vuelos elegidos al azar de los mismos días, lo que lo favorece; ${late} de ellos se atrasaron.`,
    testedBefore: (rows, from, to, late) =>
      `El mismo método se midió con ${rows} vuelos posteriores${from ? `, del ${from} al ${to}` : ''}, antes de aprender también de ellos; ${late} de ellos se atrasaron.`,
    quality: 'Qué tan bueno es',
    which: 'Pronóstico',
    thisModel: 'Este modelo',
    climatology: 'Promedios de aerolínea y hora',
    logistic: 'Regresión logística',
    auc: 'AUC',
    logLoss: 'Pérdida logarítmica',
    brier: 'Puntaje de Brier',
    ece: 'Error de calibración',
    qualityNote:
      'AUC: qué tan bien distingue los vuelos atrasados, 0,5 al azar, 1 a la perfección. Pérdida logarítmica, puntaje de Brier y error de calibración: menos es mejor.',
    gains: 'Cuánto mejor es',
    gainsNote:
      'Con intervalos del 95 %, a partir de días remuestreados: si un intervalo incluye el 0, la diferencia puede deberse al azar.',
    against: 'frente a',
    lossSaved: 'reducción de la pérdida logarítmica, %',
    aucGained: 'AUC ganada',
    range: (low, high) => `${low} a ${high}`,
    coverage: '¿Se cumplen los minutos?',
    coverageNote:
      'El modelo dice cuántos minutos se atrasan, a lo más, 50, 80 o 90 de cada 100 vuelos. Se cumplió: cuántos de los vuelos posteriores no pasaron de ahí, con intervalos del 95 %.',
    promised: 'pronosticado, de cada 100',
    covered: 'se cumplió, de cada 100',
    reliability: '¿Se cumple?',
    reliabilityNote:
      'Vuelos agrupados según la probabilidad pronosticada, y qué parte de cada grupo se atrasó. Sobre la línea segmentada ambas coinciden.',
    predicted: 'pronosticado',
    observed: 'se atrasaron',
    importance: 'En qué se fija',
    importanceNote: 'Cuánto influye cada dato en las respuestas, como parte del total.',
    drift: '¿Se parecen las consultas de hoy a lo que aprendió?',
    driftNote:
      'Índice de estabilidad poblacional de las consultas frente al entrenamiento: bajo 0,1 son parecidas; sobre 0,25, muy distintas.',
    driftNone: 'Todavía hay muy pocas consultas para comparar.',
    seen: 'consultas',
    inputs: 'Qué datos pide',
    input: 'dato',
    description: 'qué es',
    version: 'versión',
    asJson: 'El modelo como JSON',
  },
  service: {
    states: {
      ready: 'Listo',
      starting: 'Iniciando',
      draining: 'Cerrando',
      lost: 'Conexión perdida',
    },
    hidden:
      'Este servicio no muestra aquí su estado. Lo hace en una dirección local, o cuando se inicia con --service-view on.',
    rate: 'Solicitudes por segundo',
    latency: 'Latencia, percentil 99',
    errors: 'Errores del servidor por segundo',
    perSecond: 'por segundo',
    worker: 'Proceso',
    process: 'PID',
    state: 'Estado',
    restarts: 'Reinicios',
    memory: 'Memoria',
    inFlight: 'En curso',
    workers: 'Procesos',
    lastMinutes: 'Los últimos dos minutos',
    earlier: 'hace dos minutos',
    now: 'ahora',
    restarted: (count) =>
      count === 1 ? 'Se reemplazó un proceso' : `Se reemplazaron ${count} procesos`,
    reloaded: 'Se cargó un modelo',
    events: 'Eventos',
    noEvents: 'Ninguno desde que se abrió esta vista.',
    reports: 'Últimos informes de carga',
    noReports:
      'Ninguno en la carpeta donde este servicio los busca (--reports). «puntual stress URL» deja uno en la carpeta donde se ejecuta.',
    waiting: 'Esperando las primeras cifras …',
  },
  footer: {
    forPrograms: 'Para programas',
    docs: 'la interfaz',
    modelJson: 'el modelo como JSON',
    stored: 'Nada de lo que escriba se guarda.',
  },
};
