/** The tool's version, as `package.json` says it. Floor 0. */
import manifest from '../../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
