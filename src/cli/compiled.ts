/**
 * The entry of the compiled executable: the command line and the entries of the other processes in one file.
 */
import { processAskedFor } from '../host/own-program.ts';

switch (processAskedFor(process.argv)) {
  case 'worker':
    await import('../serve/worker/worker.ts');
    break;
  case 'generator':
    await import('../stress/generator/shard-process.ts');
    break;
  case undefined:
    await import('./main.ts');
}
