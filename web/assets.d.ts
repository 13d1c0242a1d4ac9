/** Files that are taken in as text: `import text from './page.css' with { type: 'text' }`. */
declare module '*.css' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: text imports have no other form
  export { text as default };
}
declare module '*.tsv' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: text imports have no other form
  export { text as default };
}
declare module '*.svg' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: text imports have no other form
  export { text as default };
}
