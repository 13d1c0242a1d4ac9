/**
 * Our own service over the runtime's HTTP server instead of our layer: the slow twin, with real requests and responses.
 * Usage: bun twin.ts PORT
 */
import { openReferenceServer } from '../../src/http/reference-server.ts';
import { buildPlantedModel } from '../../test/planted.ts';
import { buildPlantedContext, handlersOf } from '../../test/planted-service.ts';

const model = buildPlantedModel({ nTrees: 100, nLeaves: 31, name: 'bench' });
openReferenceServer(
  '127.0.0.1',
  Number(process.argv[2]),
  handlersOf(buildPlantedContext({ model })),
);
