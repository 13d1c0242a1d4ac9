/** @jsxImportSource preact */
/**
 * The page with a script: it reads what the service sent and draws the same page again, alive. What the service sent is
 * painted first, so that nobody waits for the script to see it.
 */
import { render } from 'preact';
import { App } from './app.tsx';
import { readPage } from './read-page.ts';

const start = (): void => {
  const root = document.getElementById('app')!;
  const page = readPage(root);
  root.replaceChildren();
  render(<App page={page} />, root);
};

// A page that nobody looks at has no frames.
if (document.visibilityState === 'hidden') start();
else requestAnimationFrame(() => setTimeout(start));
