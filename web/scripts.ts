/**
 * The scripts of the page and of the documents, as browsers load them. A compiled executable carries them instead of the
 * calls that make them: `scripts/compile.ts` puts them in the place of this file.
 */
import { bundleOf } from './bundle.ts';

export const pageScript = (): Promise<string> => bundleOf('./app/main.tsx');

export const docsScript = (): Promise<string> => bundleOf('./docs/try-it.ts');
