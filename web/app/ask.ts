/**
 * Calls of the service that this page came from.
 */
import { here } from './here.ts';
import type { Flight, Prediction } from '../view.ts';

/** What the service says of a flight that it cannot answer. */
export interface Refusal {
  readonly detail: string;
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];
}

/** The name of an input from the JSON pointer to it. @source RFC 6901, 4 */
export const inputAt = (pointer: string): string =>
  pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');

type Asked =
  | { readonly kind: 'answered'; readonly prediction: Prediction }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'unreachable' };

const post = (path: string, body: unknown, signal: AbortSignal): Promise<Response> =>
  fetch(here(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
    signal,
  });

/** @throws AbortError */
export const askOne = async (flight: Flight, lang: string, signal: AbortSignal): Promise<Asked> => {
  try {
    const response = await post(`/predict?explain=true&lang=${lang}`, flight, signal);
    if (response.ok) return { kind: 'answered', prediction: (await response.json()) as Prediction };
    if (response.status >= 500) return { kind: 'unreachable' };
    const { detail = '', errors = [] } = (await response.json()) as Partial<Refusal>;
    return { kind: 'refused', refusal: { detail, errors } };
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'unreachable' };
  }
};

/** The chances of several flights, in order; empty when they could not be had. */
export const askMany = async (
  flights: readonly Flight[],
  signal: AbortSignal,
): Promise<readonly number[]> => {
  try {
    const response = await post('/predict', { flights }, signal);
    if (!response.ok) return [];
    const { predictions } = (await response.json()) as { predictions: readonly Prediction[] };
    return predictions.map(({ probability }) => probability);
  } catch {
    return [];
  }
};
