/**
 * A budget: amounts that are taken by callers for a while, bounded in all and for each of them.
 * Who has nothing yet where nothing is taken gets any amount: a single large piece of work is never shut out for ever.
 */

interface Limits {
  readonly inAll: number;
  readonly perCaller: number;
}

interface Budget {
  /** Whose bound an amount would pass, if any: the caller's own, or that of all. */
  readonly refuses: (caller: string, amount: number) => 'caller' | 'all' | undefined;
  /** Takes an amount, or gives it back when it is negative. */
  readonly add: (caller: string, amount: number) => void;
  readonly total: () => number;
}

export const buildBudget = ({ inAll, perCaller }: Limits): Budget => {
  let total = 0;
  /** Only callers who have taken something. */
  const taken = new Map<string, number>();
  return {
    refuses: (caller, amount) => {
      const own = taken.get(caller) ?? 0;
      if (own > 0 && own + amount > perCaller) return 'caller';
      return total > 0 && total + amount > inAll ? 'all' : undefined;
    },
    add: (caller, amount) => {
      const own = (taken.get(caller) ?? 0) + amount;
      total += amount;
      // What is left by rounding is nothing.
      if (own > ROUNDING) taken.set(caller, own);
      else taken.delete(caller);
      if (taken.size === 0) total = 0;
    },
    total: () => total,
  };
};

const ROUNDING = 1e-6;
