/**
 * `/`: the page with an empty form.
 * Stands beside `/result`, which draws the same page with an answer.
 */
import { renderPage } from '../../../web/page.tsx';
import type { Handler } from '../call.ts';
import type { ServeContext } from '../context.ts';
import { buildPage } from '../page.ts';
import { pageHeaders } from '../page-headers.ts';

export const buildHome = ({ loaded }: ServeContext): Handler => {
  let html: string | undefined;
  return () => {
    html ??= renderPage(buildPage(loaded).page({}, undefined));
    return new Response(html, { headers: pageHeaders() });
  };
};
