/**
 * What the interface says to people, in Spanish. The English sentence is the key, as the code writes it, with `{}` for
 * what changes; a part that is itself a sentence is told in Spanish too. What is not listed stays in English.
 */
import type { ErrorCode } from '../../core/errors.ts';

/** One for every code that a caller of the service can meet. */
export const SPANISH_TITLES = {
  'request-malformed': 'No se puede leer la solicitud',
  'key-missing': 'Se necesita una clave o un token',
  'key-refused': 'No se acepta la clave o el token',
  'not-found': 'No hay nada en esta dirección',
  'model-missing': 'El modelo no existe',
  'method-refused': 'El método no está permitido',
  'request-slow': 'La solicitud tardó demasiado en llegar',
  'body-too-large': 'El cuerpo es demasiado grande',
  'batch-too-large': 'El lote es demasiado grande',
  'target-too-long': 'La dirección es demasiado larga',
  'type-unsupported': 'No se admite el tipo de contenido',
  'coding-unsupported': 'No se admite la codificación del contenido',
  'expectation-failed': 'No se puede cumplir lo que se espera',
  'value-invalid': 'Un valor no es válido',
  'quota-spent': 'La cuota está agotada',
  'head-too-large': 'Los encabezados son demasiado grandes',
  overloaded: 'El servicio está sobrecargado',
  'not-ready': 'El servicio no está listo',
  'deadline-passed': 'El plazo venció antes de que hubiera una respuesta',
} as const satisfies Partial<Record<ErrorCode, string>>;

const SENTENCES: Readonly<Record<string, string>> = {
  '{}: {}, and {} more faults': '{}: {}, y {} errores más',
  '/{}: {}': '/{}: {}',
  // Of one value.
  '{} is required': 'falta {}',
  '{} must be a string': '{} debe ser un texto',
  '{} must be a number': '{} debe ser un número',
  '{} must be a local time such as {}': '{} debe ser una hora local como {}',
  '{} must be one of {}': '{} debe ser uno de {}',
  '{} must lie between {} and {}': '{} debe estar entre {} y {}',
  '{} must be at least {}': '{} debe ser al menos {}',
  '{} must be at most {}': '{} debe ser como máximo {}',
  '{} must fit single precision': '{} debe caber en precisión simple',
  '{} must be true or false': '{} debe ser true o false',
  '{} is given twice': '{} aparece dos veces',
  '{} has a value that the model has never seen': '{} tiene un valor que el modelo nunca ha visto',
  '{} cannot be negative': '{} no puede ser un número negativo',
  '{} cannot be outside {} to {}': '{} no puede estar fuera de {} a {}',
  '{} is not in the years {} to {}': '{} no está entre los años {} y {}',
  '{} is before scheduledDeparture by local time: right only across time zones':
    '{} es antes de scheduledDeparture en hora local: solo es posible entre husos horarios distintos',
  '{} is more than a day before scheduledDeparture':
    '{} es más de un día antes de scheduledDeparture',
  '{} is more than three days after scheduledDeparture':
    '{} es más de tres días después de scheduledDeparture',
  '{} is before {}, the first day that the model knows':
    '{} es antes del {}, el primer día que el modelo conoce',
  '{} is after {}, the last day that the model knows':
    '{} es después del {}, el último día que el modelo conoce',
  '{} is on a day between {} and {} that the model does not know':
    '{} es en un día entre el {} y el {} que el modelo no conoce',
  'no flight on this route is among those that the model learned from':
    'entre los vuelos de los que el modelo aprendió no hay ninguno en esta ruta',
  'no flight on this route by this carrier is among those that the model learned from':
    'entre los vuelos de los que el modelo aprendió no hay ninguno de esta aerolínea en esta ruta',
  // Of a body.
  'the body is a list; several flights are sent as {}':
    'el cuerpo es una lista; varios vuelos se envían como {}',
  'the body must be a JSON object': 'el cuerpo debe ser un objeto JSON',
  'a flight must be an object': 'un vuelo debe ser un objeto',
  'flights must be a list': 'flights debe ser una lista',
  'the body is not JSON: {}': 'el cuerpo no es JSON: {}',
  'the line is not JSON: {}': 'la línea no es JSON: {}',
  'the body nests more than {} values': 'el cuerpo anida más de {} valores',
  'the body holds more than {} objects': 'el cuerpo contiene más de {} objetos',
  'the address holds more than {} parameters': 'la dirección contiene más de {} parámetros',
  'the form holds more than {} parameters': 'el formulario contiene más de {} parámetros',
  'the body holds more than {} lists': 'el cuerpo contiene más de {} listas',
  'the line nests more than {} values': 'la línea anida más de {} valores',
  'a line is longer than {} bytes': 'una línea tiene más de {} bytes',
  'the body is larger than {} bytes': 'el cuerpo tiene más de {} bytes',
  'the body is not gzip: {}': 'el cuerpo no es gzip: {}',
  'the body {}: up to the limit of a body are taken, and {} times its size':
    'el cuerpo, una vez descomprimido, es demasiado grande: se acepta hasta el límite de un cuerpo, y {2} veces su tamaño',
  'the form cannot be read': 'no se puede leer el formulario',
  'the content type is {}; {} is expected': 'el tipo de contenido es {}; se espera {}',
  'the content coding is {}; only gzip, or none, is supported':
    'la codificación del contenido es {}; se acepta gzip, o ninguna',
  'the batch holds {} flights; up to {} are taken, or any number as {}':
    'el lote tiene {} vuelos; se aceptan hasta {}, o cualquier cantidad como {}',
  'the batch holds {} flights; up to {} are taken': 'el lote tiene {} vuelos; se aceptan hasta {}',
  'the answer to {} flights would take about {} MiB; up to {} flights are answered at once':
    'la respuesta a {} vuelos ocuparía unos {} MiB; se responden hasta {} vuelos a la vez',
  // Of a path and its caller.
  'there is nothing at {}': 'no hay nada en {}',
  'no such model, version or route: {}': 'no existe ese modelo, versión o ruta: {}',
  '{} is not allowed here; allowed: {}': '{} no está permitido aquí; se permite: {}',
  'this service does not show its state: see --service-view':
    'este servicio no muestra su estado: véase --service-view',
  '{} callers watch this worker already': 'ya hay {} observadores en este proceso',
  'a key is needed: {}': 'se necesita una clave: {}',
  'the key is not known': 'la clave es desconocida',
  'the token is not accepted: {}': 'el token no se acepta: {}',
  'the keys of the token issuer cannot be read':
    'no se pueden leer las claves del emisor del token',
  '{} may ask {} times a second': '{} puede hacer {} solicitudes por segundo',
  // Of load.
  'the service has more work than it can do in time':
    'el servicio tiene más trabajo del que puede hacer a tiempo',
  'too many batches are waiting already': 'ya hay demasiados lotes en espera',
  'the time that the request allowed passed before the answer was ready':
    'el plazo de la solicitud venció antes de que la respuesta estuviera lista',
  'the caller went away before the answer':
    'quien hizo la solicitud se desconectó antes de la respuesta',
  'this caller already has as much work in flight as one caller may have':
    'este usuario ya tiene en curso todo el trabajo que se permite a uno solo',
  'the answers in progress already take all the memory they are allowed':
    'las respuestas en curso ya ocupan toda la memoria permitida',
  'the request took too long to arrive': 'la solicitud tardó demasiado en llegar',
  'the quota of requests per second is used up': 'la cuota de solicitudes por segundo está agotada',
};

/** What changes never holds the sign that sentences are joined by. */
const RULES = Object.entries(SENTENCES).map(([english, spanish]) => ({
  pattern: new RegExp(
    `^${english
      .split('{}')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('((?:(?!; )[^])*?)')}$`,
  ),
  spanish,
}));

/** The sentence in Spanish; as it is where there is none. */
export const spanishOf = (english: string): string => {
  for (const { pattern, spanish } of RULES) {
    const found = pattern.exec(english);
    if (found === null) continue;
    let at = 0;
    return spanish.replace(/\{(\d?)\}/g, (_, place: string) =>
      spanishOf(found[place === '' ? ++at : Number(place)]!),
    );
  }
  return english.includes('; ') ? english.split('; ').map(spanishOf).join('; ') : english;
};
