/**
 * The languages in which the service speaks to people. Who asks for none of them gets English, as programs do.
 */

export const LANGUAGES = ['en', 'es'] as const;

export type Lang = (typeof LANGUAGES)[number];
