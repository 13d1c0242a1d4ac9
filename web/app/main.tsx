/** @jsxImportSource preact */
/**
 * The page with a script: it reads what the service sent and draws the same page again, alive.
 */
import { render } from 'preact';
import { App } from './app.tsx';
import { readPage } from './read-page.ts';

const root = document.getElementById('app')!;
const page = readPage(root);
root.replaceChildren();
render(<App page={page} />, root);
