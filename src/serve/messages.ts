/**
 * Commands to workers and events from them; control only, nothing of a request ever travels here.
 */
import type { ErrorCode } from '../core/errors.ts';
import type { ServeConfig } from './config.ts';
import type { ServeState } from './context.ts';
import type { RestartReason } from './labels.ts';

/** A model as it is served: `file` is the supervisor's own checked copy, `path` the file that the user named. */
export interface ModelCopy {
  readonly file: string;
  readonly path: string;
  readonly version: string;
}

/** `named` answers whoever asks for it by name; `shadow` answers nobody, and is compared with the first. */
export type ModelRole = 'named' | 'shadow';

/** All models of a service: the first, which answers who names none, and the others. */
export interface ModelRef extends ModelCopy {
  readonly others: readonly (ModelCopy & { readonly role: ModelRole })[];
}

/** What a worker is started with, as JSON in the environment variable WORKER_START. */
export interface WorkerStart {
  readonly config: ServeConfig;
  readonly model: ModelRef;
  /** Number of this start, unique in the life of the supervisor. */
  readonly spawnId: number;
  readonly countersPath: string;
  readonly quotaPath: string;
  /** The states of its connections, see `host/connection-states.ts`. */
  readonly statesPath: string;
  /** The channel through which connections are kept and taken over; undefined where there is none. */
  readonly channel: number | undefined;
  /** Folder of the drift counts, one file per model and worker. */
  readonly sharedDir: string;
  /** Warm up: where the service runs already and this worker is not in a hurry. */
  readonly warmsUp: boolean;
}
export const WORKER_START = 'PUNTUAL_WORKER_START';

export type WorkerCommand =
  /** The answer to `watched`: the state of the service as JSON. */
  | { readonly command: 'service'; readonly snapshot: string }
  /** Open the port; sent once the worker has loaded the model. */
  | { readonly command: 'listen'; readonly port: number }
  /** Answer with `Connection: close` for `closeMs`, stop listening, finish, exit 0; by `limitMs` at the latest. */
  | { readonly command: 'drain'; readonly closeMs: number; readonly limitMs: number }
  /** Connections of a worker that is gone lie in the channel. */
  | { readonly command: 'adopt' }
  /** The plan of the coming days is this file now, see `ServeConfig.planFile`. */
  | { readonly command: 'plan'; readonly file: string }
  /** Callers are judged by this from now on, see `ServeConfig.auth`. */
  | { readonly command: 'auth'; readonly auth: string }
  | {
      readonly command: 'state';
      /** Of the service as a whole. */
      readonly state: ServeState;
      readonly reasons: readonly string[];
      /** Between how many processes a quota of processors is divided. */
      readonly nAtWork: number;
    };

/** What is shown of a model. */
interface ModelIdentity {
  readonly name: string;
  readonly version: string;
  readonly path: string;
  readonly sha256: string;
}

/** What the supervisor needs to know of the models that a worker has read and checked. */
export interface ModelFacts extends ModelIdentity {
  /** In the order of `ModelRef.others`. */
  readonly others: readonly (ModelIdentity & { readonly role: ModelRole })[];
  /** Training's shares of each input's bins, in the order of the drift counts. */
  readonly shares: readonly {
    readonly input: string;
    readonly shares: readonly number[];
    readonly rows?: number | undefined;
  }[];
}

export type WorkerEvent =
  /** Somebody watches the service through this worker and waits for its state. */
  | { readonly event: 'watched' }
  /** The model is read, checked and compiled, and its self-test came back right. */
  | { readonly event: 'loaded'; readonly facts: ModelFacts }
  /** The warm-up is over, or it was told to listen meanwhile. */
  | { readonly event: 'warm' }
  /** Listening. `canHold`: a drain can hold new connections back, see `worker/sockets.ts`. */
  | { readonly event: 'ready'; readonly canHold: boolean }
  /** Duplicates of its connections lie in the channel. */
  | { readonly event: 'kept' }
  /** The model or the set-up will not do; the worker exits. */
  | { readonly event: 'refused'; readonly code: ErrorCode; readonly detail: string }
  /** Somebody asked this worker alone to end, or it met a bug: it goes on until a fresh one is in its place. */
  | { readonly event: 'leaving'; readonly reason: RestartReason };
