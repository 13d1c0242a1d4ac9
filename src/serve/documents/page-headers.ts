/**
 * Headers of the page and of what it loads: nothing foreign is loaded, nothing inline is run, nothing inline styles but the
 * page's own style, known by its hash.
 */
import { inlineStyle } from '../../../web/page.tsx';
import { browserHeaders } from './browser-headers.ts';

const hashOf = (text: string): string =>
  new Bun.CryptoHasher('sha256').update(text).digest('base64');

export const PAGE_HEADERS = browserHeaders(
  `default-src 'self'; style-src 'self' 'sha256-${hashOf(inlineStyle)}'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'`,
);

/** Of a script, a style or a picture of the page. */
export const assetHeaders = (type: string): Readonly<Record<string, string>> => ({
  'content-type': type,
  'x-content-type-options': 'nosniff',
});
