/** Files that a page carries inside itself: `import text from './style.page.css' with { type: 'text' }`. */
declare module 'uplot/dist/uPlot.iife.min.js' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the only way to type a file that is imported as text
  export default text;
}
declare module 'uplot/dist/uPlot.min.css' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the only way to type a file that is imported as text
  export default text;
}
declare module '*.page.js' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the only way to type a file that is imported as text
  export default text;
}
declare module '*.page.css' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the only way to type a file that is imported as text
  export default text;
}
