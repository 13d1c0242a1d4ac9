/**
 * Security headers of everything that a browser shows as a page, whatever its policy: nothing is framed, sniffed or sent on.
 * No cross-origin opener policy: no session is to be kept from another window, and the browser would start a process anew
 * for it, 40 ms before the first paint.
 */
const BROWSER_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

export const browserHeaders = (policy: string): Readonly<Record<string, string>> => ({
  ...BROWSER_HEADERS,
  'content-security-policy': policy,
});

/**
 * Of a stress report: a page that draws itself with its own inline script and asks nobody. The sandbox gives it an origin
 * of its own, from which it cannot call the service in the name of who looks at it.
 */
export const REPORT_HEADERS: Readonly<Record<string, string>> = {
  ...browserHeaders(
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts",
  ),
  'cache-control': 'no-store',
};
