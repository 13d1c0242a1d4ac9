/**
 * Whether a service says that it is Puntual's: it describes its model at `/model`.
 * Asked as any stranger may: without the headers of the load, over its own connection, with its TLS checks.
 */
import { isModelDocument, type ModelDocument } from '../payload/made-flights.ts';
import { encodeRequest } from '../payload/request.ts';
import { sendSingleRequest } from './single-request.ts';
import type { Target } from './target.ts';

const TIMEOUT_MS = 2000;

/** What the service says of its model; undefined where it is none of Puntual's. */
export const askModel = async (
  target: Target,
  timeoutMs: number,
): Promise<ModelDocument | undefined> => {
  const request = { method: 'GET', path: '/model', headers: [], body: null };
  const answer = await sendSingleRequest(target, encodeRequest(request, target.url.host, false), {
    timeoutMs: Math.min(TIMEOUT_MS, timeoutMs),
    bodiless: false,
  });
  if (!('status' in answer) || answer.status !== 200) return undefined;
  try {
    const document: unknown = JSON.parse(answer.body.toString());
    return isModelDocument(document) ? document : undefined;
  } catch {
    return undefined;
  }
};
