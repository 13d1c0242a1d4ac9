/**
 * Gradual work: it stops now and then, so that whoever does it can give way to others.
 */

export type Gradual<T> = Generator<void, T>;

/** All at once. */
export const finish = <T>(work: Gradual<T>): T => {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
};

/** With a pause at each stop. */
export const finishInTurns = async <T>(
  work: Gradual<T>,
  pause: () => Promise<void>,
): Promise<T> => {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await pause();
  }
};
