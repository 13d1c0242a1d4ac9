/**
 * Bundles a script for browsers with Bun's bundler, in a process of its own: whoever asks for it goes on meanwhile.
 */

/** @param entry a file beside this one */
export const bundleOf = async (entry: string): Promise<string> => {
  const child = Bun.spawn(
    [process.execPath, 'build', '--minify', '--target=browser', `${import.meta.dir}/${entry}`],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [script, errors, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (exitCode !== 0) throw new Error(errors);
  return script;
};
