/**
 * The W3C trace context: which trace a request belongs to, and whether it is recorded.
 * A header that is not right is ignored, never refused.
 * @source https://www.w3.org/TR/trace-context/
 */

export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits: the caller's span. */
  readonly parentId: string;
  readonly isSampled: boolean;
}

const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Undefined for a header that is absent or must be ignored. */
export const parseTraceparent = (header: string | null): TraceContext | undefined => {
  const match = header === null ? null : FORM.exec(header.trim());
  if (!match) return undefined;
  const [, version, traceId, parentId, flags, rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId!) || /^0+$/.test(parentId!)) return undefined;
  return {
    traceId: traceId!,
    parentId: parentId!,
    isSampled: (Number.parseInt(flags!, 16) & 1) === 1,
  };
};

/** `nBytes` random bytes as hex digits, never all zero. */
export const randomHex = (nBytes: number): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(nBytes));
  bytes[0] ||= 1;
  return Buffer.from(bytes.buffer).toString('hex');
};
