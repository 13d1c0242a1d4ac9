/**
 * The feed of the service's state into a worker: asked of the supervisor when somebody watches, and only then.
 */
import type { ServiceFeed } from '../context.ts';

interface FeedEnds {
  readonly feed: ServiceFeed;
  /** To be called with what the supervisor answers. */
  readonly arrived: (snapshot: string) => void;
}

/** @param ask asks the supervisor once */
export const buildServiceFeed = (ask: () => void): FeedEnds => {
  let waiting: PromiseWithResolvers<string> | undefined;
  return {
    feed: {
      next: () => {
        if (waiting === undefined) {
          waiting = Promise.withResolvers<string>();
          ask();
        }
        return waiting.promise;
      },
    },
    arrived: (snapshot) => {
      waiting?.resolve(snapshot);
      waiting = undefined;
    },
  };
};
