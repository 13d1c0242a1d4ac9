/**
 * How many connections a worker takes before new ones wait outside: from the descriptors that it may have open.
 */

/** Descriptors kept for files, pipes and the like; new connections wait outside from there on. */
const KEPT = 128;
/** Connections that the system has taken already when new ones begin to wait: what the runtime asks for, at most. */
const BACKLOG = 512;
const BACKLOG_SHARE = 0.125;
/** A worker has from 8 to 20 open before it listens. */
const OWN = 32;

/** @param nOwn what is open before the first connection */
export const connectionLimit = (descriptors: number, nOwn = OWN): number =>
  Math.floor(descriptors - KEPT - Math.min(BACKLOG, descriptors * BACKLOG_SHARE) - nOwn);
