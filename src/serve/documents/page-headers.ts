/**
 * Security headers of everything that a browser shows as a page: nothing foreign is loaded, framed, sniffed or sent on.
 */
import { PAGE_SCRIPT, PAGE_STYLE } from '../../../web/page.tsx';

const hashOf = (text: string): string =>
  `'sha256-${new Bun.CryptoHasher('sha256').update(text).digest('base64')}'`;

/** Only the inlined style and script, by their hashes; `style` attributes are needed for the bars. */
const policyOf = (scripts: readonly string[], styles: readonly string[]): string =>
  [
    "default-src 'none'",
    `script-src ${scripts.map(hashOf).join(' ') || "'none'"}`,
    `style-src-elem ${styles.map(hashOf).join(' ')}`,
    "style-src-attr 'unsafe-inline'",
    'img-src data:',
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

let headers: Readonly<Record<string, string>> | undefined;

export const pageHeaders = (): Readonly<Record<string, string>> => {
  headers ??= securityHeaders([PAGE_SCRIPT], [PAGE_STYLE]);
  return headers;
};

export const securityHeaders = (
  scripts: readonly string[],
  styles: readonly string[],
): Readonly<Record<string, string>> => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policyOf(scripts, styles),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
});
