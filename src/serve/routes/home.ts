/**
 * `/`: the page with an empty form.
 */
import { renderPage } from '../../../web/page.tsx';
import type { ServeContext } from '../context.ts';
import { withEtag } from '../documents/etag.ts';
import { buildPage } from '../documents/page.ts';
import { pageHeaders } from '../documents/page-headers.ts';
import type { Handler } from '../endpoint.ts';

export const buildHome = ({ loaded }: ServeContext): Handler =>
  withEtag(() => renderPage(buildPage(loaded).page({}, undefined)), pageHeaders);
