/**
 * Security headers of everything that a browser shows as a page: nothing foreign is loaded, nothing inline is run, nothing
 * inline styles but the page's own style, known by its hash; nothing is framed, sniffed or sent on. No cross-origin opener
 * policy: no session is to be kept from another window, and the browser would start a process anew for it, 40 ms before
 * the first paint.
 */
import { inlineStyle } from '../../../web/page.tsx';

const hashOf = (text: string): string =>
  new Bun.CryptoHasher('sha256').update(text).digest('base64');

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'self'; style-src 'self' 'sha256-${hashOf(inlineStyle)}'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** Of a script, a style or a picture of the page. */
export const assetHeaders = (type: string): Readonly<Record<string, string>> => ({
  'content-type': type,
  'x-content-type-options': 'nosniff',
});

/**
 * Of a stress report: a page that draws itself with its own inline script and asks nobody. The sandbox gives it an origin
 * of its own, from which it cannot call the service in the name of who looks at it.
 */
export const REPORT_HEADERS: Readonly<Record<string, string>> = {
  ...PAGE_HEADERS,
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts",
  'cache-control': 'no-store',
};
