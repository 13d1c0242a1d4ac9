/**
 * `/livez` and `/readyz` on the service port: whether this worker lives, and whether it may be sent work.
 */

import type { ServeContext } from '../context.ts';
import { type Handler, jsonHeaders } from '../endpoint.ts';
import { buildValueReader } from '../formats/query.ts';

const verboseIn = buildValueReader('verbose');

const noStore = { ...jsonHeaders, 'cache-control': 'no-store' };

/** Lives as long as it can answer at all. */
export const buildLive = ({ state }: ServeContext): Handler => {
  return () => Response.json({ status: 'live', state: state() }, { headers: noStore });
};

/** `?verbose` adds the reasons why it is not ready, or why the last new model was refused. */
export const buildReady = ({ state, reasons, loaded }: ServeContext): Handler => {
  return ({ query }) => {
    const verbose = verboseIn(query);
    const now = state();
    const model = { name: loaded.model.name, version: loaded.version };
    return Response.json(
      {
        status: now,
        ...(verbose !== null && verbose !== 'false' ? { model, reasons: reasons() } : {}),
      },
      { status: now === 'ready' ? 200 : 503, headers: noStore },
    );
  };
};
