/**
 * The scripts of the page and of the documents, as browsers load them. Import it late: bundling takes a moment.
 */
import { bundleOf } from './bundle.ts' with { type: 'macro' };

export const PAGE_SCRIPT: string = bundleOf('./app/main.tsx');

export const DOCS_SCRIPT: string = bundleOf('./docs/try-it.ts');
