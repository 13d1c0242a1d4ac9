/** SQL files are imported as text: the dialects and their macros. */
declare module '*.sql' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the only way to type a file that is imported as text
  export default text;
}
