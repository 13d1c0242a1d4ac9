import { expect, test } from 'bun:test';
import { Command } from 'commander';
import type { ServeConfig } from '../../serve/config.ts';
import { configOf } from './config.ts';
import { addServeOptions, type ServeFlags } from './flags.ts';

/** What a command line asks for. */
const configFrom = (line: string): ServeConfig => {
  let config: ServeConfig | undefined;
  const command = addServeOptions(new Command('serve')).exitOverride();
  command.configureOutput({ writeErr: () => {} });
  command.action((flags: ServeFlags) => {
    config = configOf(flags);
  });
  command.parse(
    line.split(' ').filter((word) => word !== ''),
    { from: 'user' },
  );
  return config!;
};

/** Sets a variable while a function runs. */
const withVariable = <T>(name: string, value: string, run: () => T): T => {
  process.env[name] = value;
  try {
    return run();
  } finally {
    delete process.env[name];
  }
};

test.each<[string, Partial<ServeConfig>]>([
  ['--workers auto', { workers: 'auto' }],
  ['--workers 3', { workers: 3 }],
  ['--cpu-request 1.5', { cpuRequest: 1.5 }],
  ['--cpu-request 1500m', { cpuRequest: 1.5 }],
  ['--cpu-request @/etc/podinfo/cpu', { cpuRequest: { file: '/etc/podinfo/cpu' } }],
  ['--also a,b --also c', { namedModels: ['a', 'b', 'c'] }],
  ['--cors https://A.example,null', { corsOrigins: ['https://a.example', 'null'] }],
  ['--health-port 0 --host ::1', { health: { host: '::1', port: 0 } }],
  ['--health-port 9 --health-host 0.0.0.0', { health: { host: '0.0.0.0', port: 9 } }],
  ['--tls-cert a.pem --tls-key b.pem', { tls: { certFile: 'a.pem', keyFile: 'b.pem' } }],
  ['--token-expiry optional', { endlessTokens: true }],
  ['--connection-age 1m', { connectionAgeMs: 60_000 }],
  ['--otlp-endpoint http://c:4318', { otlpEndpoint: 'http://c:4318', otlpMetrics: undefined }],
])('%s becomes a part of the configuration', (line, part) => {
  expect(configFrom(line)).toMatchObject(part);
});

test.each([
  ['--workers 0', 'A whole number from 1 to 1024 is expected.'],
  ['--cpu-request 0', "A number of processors such as '1.5' or '1500m' is expected."],
  ['--cors https://app.example/path', 'An origin such as https://app.example, without a path'],
  ['--otlp-endpoint collector:4318', 'An address such as http://collector:4318 is expected.'],
  ['--hang-limit 50ms', 'At least 100ms is expected.'],
  ['--model=', '--model is empty: leave it out, or say what it names.'],
  ['--schedule=', '--schedule is empty: leave it out, or say what it names.'],
  ['--tls-cert a.pem', '--tls-cert and --tls-key must be given together.'],
  ['--watch --also https://a.example/m', '--watch watches a folder, but a model is an address.'],
  ['--also a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q', '--also takes up to'],
  ['--health-host 0.0.0.0', '--health-host needs --health-port.'],
  ['--otlp-metrics delta', '--otlp-metrics needs --otlp-endpoint.'],
  ['--drain-delay 5s --drain-limit 5s', '--drain-delay is a part of --drain-limit'],
  ['--otlp-interval 99ms', '--otlp-interval must be at least 100ms.'],
])('%s is refused, and why is said', (line, sentence) => {
  expect(() => configFrom(line)).toThrow(sentence);
});

test('the port is that of the flag, then of PUNTUAL_PORT, then of PORT', () => {
  withVariable('PORT', '8101', () => {
    expect(configFrom('').port).toBe(8101);
    withVariable('PUNTUAL_PORT', '8102', () => {
      expect(configFrom('').port).toBe(8102);
      expect(configFrom('--port 8103').port).toBe(8103);
    });
  });
});

test('a PORT that is no port is refused by its name', () => {
  expect(() => withVariable('PORT', 'http', () => configFrom(''))).toThrow("PORT is 'http'");
});
