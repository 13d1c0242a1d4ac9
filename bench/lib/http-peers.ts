/**
 * Starts and ends the services that `bench/http` compares: ours, and the peers under `peers/`.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const PEERS = join(import.meta.dir, '../peers');
const PYTHON = join(PEERS, '.venv', 'bin', 'python');

export interface Service {
  readonly name: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}

type Started = ReturnType<typeof Bun.spawn>;

/** Also when it is interrupted, a bench takes away what it has begun: what it does at its exit. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => process.exit(1));

export const scratchDir = mkdtempSync(join(tmpdir(), 'puntual-bench-'));
process.on('exit', () => rmSync(scratchDir, { recursive: true, force: true }));

const FIRST_PORT = 18_080;
const PORT_STEP = 10;
let nextPort = FIRST_PORT;

/** Whether nobody listens there: an answer of somebody else's service would be taken for ours. */
const isFree = (port: number): boolean => {
  try {
    Bun.listen({ hostname: '127.0.0.1', port, socket: { data: () => {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
};

/** A port that is free like the one above it, which is for the admin. */
export const freePort = (): number => {
  while (!isFree(nextPort) || !isFree(nextPort + 1)) nextPort += PORT_STEP;
  nextPort += PORT_STEP;
  return nextPort - PORT_STEP;
};

export const FLIGHT =
  '{"airline":"DL","flightNumber":"2285","origin":"JFK","destination":"LAX","scheduledDeparture":"2013-11-05T18:30","distanceMiles":2475}';

export const post = (port: number, body = FLIGHT): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });

const begin = async (
  name: string,
  commandsOf: (port: number) => readonly (readonly string[])[],
  env: Readonly<Record<string, string>> = {},
): Promise<Service> => {
  const port = freePort();
  const processes = commandsOf(port).map(
    (command): Started =>
      Bun.spawn([...command], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'ignore', Bun.file(join(scratchDir, `${name.replaceAll(' ', '-')}.log`))],
      }),
  );
  process.on('exit', () => {
    for (const one of processes) one.kill();
  });
  const endMs = performance.now() + 30_000;
  while (
    !(await post(port)
      .then((response) => response.ok)
      .catch(() => false))
  ) {
    if (performance.now() > endMs || processes.some(({ exitCode }) => exitCode !== null))
      throw new Error(`${name} did not start`);
    await Bun.sleep(50);
  }
  return {
    name,
    port,
    stop: async () => {
      for (const one of processes) one.kill();
      await Promise.all(processes.map(({ exited }) => exited));
    },
  };
};

/** `puntual serve` with further flags. */
export const beginPuntual = (
  modelsDir: string,
  name = 'puntual serve',
  ...flags: string[]
): Promise<Service> => beginPuntualIn([], modelsDir, name, ...flags);

/** The same behind a prefix that puts it somewhere, such as into a control group. */
export const beginPuntualIn = (
  prefix: readonly string[],
  modelsDir: string,
  name: string,
  ...flags: string[]
): Promise<Service> =>
  begin(name, (port) => [
    [
      ...prefix,
      process.execPath,
      join(ROOT, 'src/cli/main.ts'),
      'serve',
      ...['--models', modelsDir, '--port', `${port}`, '--admin-port', `${port + 1}`],
      ...['--log-level', 'error', ...flags],
    ],
  ]);

export const beginBareBun = (answer: string): Promise<Service> =>
  begin('bare Bun.serve, 2 processes', (port) => {
    const one = [process.execPath, join(PEERS, 'bare-bun.ts'), `${port}`, answer];
    return [one, one];
  });

/** Our service over `Bun.serve`: without the counters and limits of a worker, which is to its advantage. */
export const beginTwin = (): Promise<Service> =>
  begin('puntual over Bun.serve, 2 processes', (port) => {
    const one = [process.execPath, join(PEERS, 'twin.ts'), `${port}`];
    return [one, one];
  });

export const beginNode = (answer: string): Promise<Service> =>
  begin('Node http, 2 processes', (port) => [
    ['node', join(PEERS, 'node-http.mjs'), `${port}`, answer],
  ]);

export const beginNginx = (answer: string): Promise<Service> =>
  begin('nginx return 200, 2 workers', (port) => {
    const dir = join(scratchDir, 'nginx');
    mkdirSync(dir, { recursive: true });
    writeFileSync(
      join(dir, 'nginx.conf'),
      `daemon off; worker_processes 2; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 16384; multi_accept on; }
http { access_log off; keepalive_requests 100000000; default_type application/json;
client_body_temp_path ${dir}/a; proxy_temp_path ${dir}/b; fastcgi_temp_path ${dir}/c;
uwsgi_temp_path ${dir}/d; scgi_temp_path ${dir}/e;
server { listen 127.0.0.1:${port} reuseport backlog=4096; location / { return 200 '${answer}'; } } }\n`,
    );
    return [['nginx', '-p', dir, '-c', join(dir, 'nginx.conf'), '-e', `${dir}/error.log`]];
  });

/** The same compressed file as one answer of another service. */
export const beginNginxFile = (packed: Uint8Array, name: string): Promise<Service> =>
  begin('nginx, the same file, gzip_static, 2 workers', (port) => {
    const dir = join(scratchDir, 'nginx-file');
    mkdirSync(join(dir, 'root'), { recursive: true });
    writeFileSync(join(dir, 'root', `${name}.gz`), packed);
    writeFileSync(join(dir, 'root', name), Bun.gunzipSync(new Uint8Array(packed)));
    writeFileSync(
      join(dir, 'nginx.conf'),
      `${process.getuid?.() === 0 ? 'user root; ' : ''}daemon off; worker_processes 2; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 16384; multi_accept on; }
http { access_log off; keepalive_requests 100000000; types { text/html html; } sendfile on; tcp_nopush on;
open_file_cache max=100; gzip_static on;
client_body_temp_path ${dir}/a; proxy_temp_path ${dir}/b; fastcgi_temp_path ${dir}/c;
uwsgi_temp_path ${dir}/d; scgi_temp_path ${dir}/e;
server { listen 127.0.0.1:${port} reuseport backlog=4096; root ${dir}/root; index ${name}; location = /predict { return 200; } } }\n`,
    );
    return [['nginx', '-p', dir, '-c', join(dir, 'nginx.conf'), '-e', `${dir}/error.log`]];
  });

const built = (folder: string, file: string): string => {
  if (!existsSync(PYTHON)) throw new Error(`${PYTHON} is missing: see bench/peers/README.md`);
  const path = join(scratchDir, file);
  const { exitCode, stderr } = Bun.spawnSync([PYTHON, join(PEERS, folder, 'build.py'), path]);
  if (exitCode !== 0) throw new Error(`${folder}/build.py failed:\n${stderr}`);
  return path;
};

export const beginFlask = (): Promise<Service> => {
  const model = built('flask', 'model.pkl');
  return begin('Flask, unpickled per request', (port) => [
    [PYTHON, join(PEERS, 'flask', 'app.py'), model, `${port}`],
  ]);
};

export const beginFastApi = (): Promise<Service> => {
  const model = built('fastapi', 'model.onnx');
  return begin(
    'FastAPI, ONNX Runtime, 2 workers',
    (port) => [
      [PYTHON, '-m', 'uvicorn', '--app-dir', join(PEERS, 'fastapi'), 'app:app', '--port'].concat([
        `${port}`,
        ...['--workers', '2', '--log-level', 'error', '--no-access-log'],
      ]),
    ],
    { MODEL_PATH: model },
  );
};
