/**
 * Node's own http module, two processes of its cluster: parse the body, answer a constant.
 * Stands among the peers of `bench/http`. Usage: node node-http.mjs PORT ANSWER
 */
import cluster from 'node:cluster';
import { createServer } from 'node:http';

const [port, answer] = [Number(process.argv[2]), process.argv[3]];
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) };

if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
  process.on('SIGTERM', () => process.exit());
} else {
  createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      JSON.parse(Buffer.concat(parts).toString());
      response.writeHead(200, headers);
      response.end(answer);
    });
  }).listen(port, '127.0.0.1');
}
