/**
 * Addresses of the service that this page came from: all of them are about the model of the page.
 */
import { MODEL_PARAMETER, ofModel } from '../model-address.ts';

const named = (): string => document.getElementById('app')?.dataset['model'] ?? '';

export const here = (address: string): string => ofModel(address, named());

/** What an address of the page says of a flight: where it names a model, that is no input of it. */
export const flightIn = (search: string): URLSearchParams => {
  const query = new URLSearchParams(search);
  if (named() !== '') query.delete(MODEL_PARAMETER);
  return query;
};
