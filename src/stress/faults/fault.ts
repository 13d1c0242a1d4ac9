/**
 * Faults as text, `kill-worker@10s`, and as plans: what, when, for how long, how many.
 */
import { AppError } from '../../core/errors.ts';

const KINDS = {
  'kill-worker': { lasts: false, counts: false, what: 'kill -9 of one worker' },
  'pause-worker': {
    lasts: true,
    counts: false,
    what: 'one worker stopped (SIGSTOP), then let go on',
  },
  reload: { lasts: false, counts: false, what: 'the model loaded again, worker by worker' },
  'slow-clients': {
    lasts: true,
    counts: true,
    what: 'clients that send a header byte by byte and never finish',
  },
  garbage: { lasts: true, counts: false, what: 'clients that send what is not HTTP, or not JSON' },
  'reset-storm': { lasts: false, counts: false, what: 'every connection reset at once' },
} as const;

type FaultKind = keyof typeof KINDS;

export interface FaultPlan {
  readonly text: string;
  readonly kind: FaultKind;
  readonly what: string;
  readonly atMs: number;
  readonly lastsMs: number;
  readonly count: number;
}

const FORM = /^([a-z-]+)@(\d+(?:\.\d+)?)(ms|s|m)(?:\+(\d+(?:\.\d+)?)(ms|s|m))?(?::(\d+))?$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const DEFAULT_CLIENTS = 1000;

/** One or several, joined by commas. @throws AppError usage */
export const parseFaults = (text: string, runMs: number): FaultPlan[] =>
  text.split(',').map((part) => parseFault(part.trim(), runMs));

const parseFault = (text: string, runMs: number): FaultPlan => {
  const match = FORM.exec(text);
  const kind = match?.[1] ?? '';
  if (!match || !Object.hasOwn(KINDS, kind)) {
    throw new AppError(
      'usage',
      `The fault '${text}' is not understood; one of ${Object.keys(KINDS).join(', ')} with a time is expected, such as 'kill-worker@10s' or 'pause-worker@10s+2s'.`,
    );
  }
  const { lasts, counts, what } = KINDS[kind as FaultKind];
  if (lasts !== (match[4] !== undefined)) {
    throw new AppError(
      'usage',
      lasts
        ? `The fault '${text}' needs a length, such as '${kind}@10s+5s'.`
        : `The fault '${text}' happens in a moment; '${kind}@10s' is expected.`,
    );
  }
  if (!counts && match[6] !== undefined) {
    throw new AppError('usage', `The fault '${text}' takes no count.`);
  }
  const atMs = Number(match[2]) * UNIT_MS[match[3]!]!;
  const lastsMs = match[4] === undefined ? 0 : Number(match[4]) * UNIT_MS[match[5]!]!;
  if (atMs + lastsMs >= runMs) {
    throw new AppError(
      'usage',
      `The fault '${text}' does not end within the run of ${runMs / 1000} s.`,
    );
  }
  const count = match[6] === undefined ? DEFAULT_CLIENTS : Number(match[6]);
  return { text, kind: kind as FaultKind, what, atMs, lastsMs, count };
};

/** Whether a fault acts on a worker of the service, so that the admin port is needed. */
export const needsAdmin = ({ kind }: FaultPlan): boolean =>
  kind === 'kill-worker' || kind === 'pause-worker' || kind === 'reload';
