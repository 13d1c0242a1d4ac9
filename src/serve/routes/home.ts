/**
 * `/`: the page with an empty form.
 */
import { renderPage } from '../../../web/page.tsx';
import type { Handler } from '../endpoint.ts';
import type { ServeContext } from '../context.ts';
import { buildPage } from '../documents/page.ts';
import { pageHeaders } from '../documents/page-headers.ts';
import { tagged } from '../documents/etag.ts';

export const buildHome = ({ loaded }: ServeContext): Handler =>
  tagged(() => renderPage(buildPage(loaded).page({}, undefined)), pageHeaders);
