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

/** A browser that tells nothing of a first paint has had it by then. */
const PAINTED_MS = 1000;

/** Once what the service sent is on the screen. */
const afterPaint = (work: () => void): void => {
  let isDone = false;
  const once = (): void => {
    if (!isDone) work();
    isDone = true;
  };
  new PerformanceObserver((list) => {
    if (list.getEntriesByName('first-contentful-paint').length > 0) once();
  }).observe({ type: 'paint', buffered: true });
  setTimeout(once, PAINTED_MS);
};

// A page that nobody looks at is not painted.
if (document.visibilityState === 'hidden') start();
else afterPaint(start);
