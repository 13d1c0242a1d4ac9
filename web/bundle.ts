/**
 * Bundles a script for browsers with Bun's bundler. It is called as a macro: while a source is loaded, or once when the
 * program is compiled into one file, which then carries the script.
 */
export const bundleOf = (entry: string): string => {
  const { stdout, stderr, exitCode } = Bun.spawnSync([
    process.execPath,
    'build',
    '--minify',
    '--target=browser',
    `${import.meta.dir}/${entry}`,
  ]);
  if (exitCode !== 0) throw new Error(stderr.toString());
  return stdout.toString();
};
