/**
 * `/`: the page with an empty form.
 * Stands beside `/result`, which draws the same page with an answer.
 */
import { renderPage } from '../../../web/page.tsx';
import type { Handler } from '../call.ts';
import type { ServeContext } from '../context.ts';
import { buildPage } from '../documents/page.ts';
import { pageHeaders } from '../documents/page-headers.ts';
import { tagged } from '../documents/tagged.ts';

export const buildHome = ({ loaded }: ServeContext): Handler =>
  tagged(() => renderPage(buildPage(loaded).page({}, undefined)), pageHeaders);
