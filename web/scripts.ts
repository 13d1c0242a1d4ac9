/**
 * The script of the page, as browsers load it. Import it late: bundling takes a moment.
 */
import { bundleOf } from './bundle.ts' with { type: 'macro' };

export const PAGE_SCRIPT: string = bundleOf('./app/main.tsx');
