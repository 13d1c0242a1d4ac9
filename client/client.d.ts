/**
 * Types of the client, as the OpenAPI document describes the service; a test compares them.
 */

/** One flight before departure. The inputs that exist and those that are needed come from the model: `client.model()`. */
export interface Flight {
  readonly [input: string]: string | number | null | undefined;
}

export interface ModelIdentity {
  readonly name: string;
  readonly version: string;
}

export interface Reason {
  readonly input: string;
  /** 0.09 is nine percentage points. */
  readonly points: number;
  readonly text: string;
}

export interface Prediction {
  readonly delayed: boolean;
  /** 0 to 1. */
  readonly probability: number;
  readonly threshold: number;
  /** The chance of being at least so many minutes late. */
  readonly atLeastMinutes: Readonly<Record<string, number>>;
  /** Minutes of delay that such a flight stays below so often: `p80`, four times in five. */
  readonly minutes?: Readonly<Record<string, number>>;
  /** Inputs whose value the model has never seen; they counted as missing. */
  readonly unknown?: readonly string[];
  /** What is odd about the flight; with `strict` the impossible among it is an error. */
  readonly notices?: readonly Fault[];
  /** With `explain`: what each input adds to `base`, largest first. */
  readonly reasons?: readonly Reason[];
  readonly base?: number;
  readonly model: ModelIdentity;
}

/** What was wrong with a request, or with one flight of many (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly Fault[];
  readonly error: string;
}

export interface Fault {
  /** A JSON pointer to the value. */
  readonly pointer: string;
  readonly detail: string;
}

/** A flight among many that could not be read. */
export interface FlightProblem extends Problem {
  /** Its place in the batch that was sent, from 1. */
  readonly line: number;
}

export interface Model extends ModelIdentity {
  /** One flight, as JSON Schema. */
  readonly inputs: object;
  readonly threshold: number;
  readonly quality?: object;
  readonly [more: string]: unknown;
}

export interface InferenceRequest {
  readonly id?: string;
  readonly inputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly datatype: string;
    readonly data?: readonly unknown[];
  }[];
  readonly outputs?: readonly { readonly name: string }[];
}

export interface InferenceResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly data: readonly unknown[];
  }[];
}

export interface ClientOptions {
  /** `http://localhost:8080` unless told otherwise. */
  readonly baseURL?: string | URL;
  readonly apiKey?: string;
  /** Of each attempt; 60,000 unless told otherwise. */
  readonly timeoutMs?: number;
  /** 2 unless told otherwise: after a broken connection, a timeout, 408, 409, 429 and from 500 on. */
  readonly maxRetries?: number;
  readonly fetch?: (input: string, init: RequestInit) => Promise<Response>;
  readonly defaultHeaders?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly maxRetries?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PredictOptions extends CallOptions {
  /** Adds `reasons` and `base`. */
  readonly explain?: boolean;
  /** A value that the model has never seen is an error. */
  readonly strict?: boolean;
  readonly lang?: 'en' | 'es';
}

export interface PredictManyOptions extends PredictOptions {
  /** Flights per request; 500 unless told otherwise. */
  readonly batchSize?: number;
}

export declare class Puntual {
  constructor(options?: ClientOptions);
  /** How likely one flight is to be late. */
  predict(flight: Flight, options?: PredictOptions): Promise<Prediction>;
  /**
   * Predictions of any number of flights, in their order. Flights are taken only as fast as predictions are read; one
   * that cannot be read yields what was wrong with it (`'code' in answer`), and the others go on.
   */
  predictMany(
    flights: Iterable<Flight> | AsyncIterable<Flight>,
    options?: PredictManyOptions,
  ): AsyncGenerator<Prediction | FlightProblem, void, undefined>;
  /** The model that answers: inputs, an example, training, measured quality. */
  model(options?: CallOptions): Promise<Model>;
  /** Columns in, columns out: the Open Inference Protocol V2 by JSON. */
  infer(
    model: string,
    request: InferenceRequest,
    options?: CallOptions,
  ): Promise<InferenceResponse>;
  /** Whether the service may be sent work. */
  isReady(options?: CallOptions): Promise<boolean>;
}

/** Everything that this client throws. */
export declare class PuntualError extends Error {}

/** The service answered, and not with what was asked for. */
export declare class APIError extends PuntualError {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Problem | string;
  readonly requestId: string | undefined;
  /** The code of the problem document. */
  readonly code: string | undefined;
  readonly errors: readonly Fault[];
}
export declare class BadRequestError extends APIError {}
export declare class AuthenticationError extends APIError {}
export declare class PermissionDeniedError extends APIError {}
export declare class NotFoundError extends APIError {}
export declare class UnprocessableEntityError extends APIError {}
export declare class RateLimitError extends APIError {}
export declare class InternalServerError extends APIError {}

/** No answer came. */
export declare class APIConnectionError extends PuntualError {}
export declare class APIConnectionTimeoutError extends APIConnectionError {}
export declare class APIUserAbortError extends PuntualError {}
