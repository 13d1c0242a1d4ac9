/**
 * Bad usage and bad input, as a shell sees them: one clear line on stderr, nothing on stdout, exit code 2.
 */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..');
const folder = mkdtempSync(join(tmpdir(), 'puntual-usage-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'empty.csv'), '');
writeFileSync(join(folder, 'other.csv'), 'a,b,c\n1,2,3\n');
const FLIGHTS = 'scheduledDeparture,delayMinutes,airline,origin,destination\n';
writeFileSync(join(folder, 'flights.csv'), `${FLIGHTS}2013-07-05T18:30,5,DL,JFK,LAX\n`);
symlinkSync('flights.csv', join(folder, 'link.html'));
writeFileSync(join(folder, 'broken.csv.gz'), 'this is not gzip at all');
writeFileSync(join(folder, 'text.pkl'), 'neither a pickle nor a model\n');

const run = (command: string): { exitCode: number; out: string; error: string } => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [
      process.execPath,
      join(ROOT, 'src/cli/main.ts'),
      ...command.split(' ').filter((word) => word !== ''),
    ],
    { cwd: folder, stdin: 'ignore' },
  );
  return { exitCode, out: stdout.toString(), error: stderr.toString() };
};

describe('a command that cannot be carried out', () => {
  test.each([
    ['trian', "unknown command 'trian' (Did you mean train?)"],
    ['train', "missing required argument 'file'"],
    ['train absent.csv', 'absent.csv does not exist'],
    ['train empty.csv', 'empty.csv is empty'],
    ['train other.csv', 'nycflights13'],
    ['train broken.csv.gz', 'broken.csv.gz'],
    ['train other.csv --leaves 1', 'A whole number from 2 to 4096 is expected.'],
    ['profile absent.csv', 'absent.csv does not exist'],
    ['evaluate nyc other.csv', "there is no model 'nyc'"],
    ['predict nyc other.csv -o out.csv', "there is no model 'nyc'"],
    ['serve --port x', 'A whole number from 0 to 65535 is expected.'],
    ['serve --port 0 --admin-port 0 --model nyc', "there is no model 'nyc'"],
    ['serve --port 0 --admin-port 0 --model text.pkl', 'text.pkl'],
    ['serve --tls-cert a.pem', '--tls-cert and --tls-key must be given together.'],
    ['serve --health-host 0.0.0.0', '--health-host needs --health-port.'],
    ['serve --port 0 --admin-port 0 --control-token-file absent', 'absent does not exist'],
    ['serve --port 0 --admin-port 0 --host nosuch.invalid', "--host 'nosuch.invalid': there is no"],
    ['serve --port 8080 --admin-port 8080', '--port and --admin-port are both 8080'],
    ['serve --port 0 --health-port 8081', '--admin-port and --health-port are both 8081'],
    ['serve --port 0 --admin-port 0 --auth keys:', '--auth must be keys:FILE'],
    ['serve --cors https://app.example/path', 'An origin such as https://app.example'],
    ['serve --otlp-endpoint collector', 'An address such as http://collector:4318'],
    ['serve --request-timeout 0', 'At least 100ms is expected.'],
    ['serve --hang-limit 1ms', 'At least 100ms is expected.'],
    ['health ftp://here', 'is not an address'],
    ['stress localhost:8080', 'has no scheme'],
    ['stress http://127.0.0.1:1', 'refuses connections'],
    ['stress http://127.0.0.1:1 --rate 0', 'expected'],
    ['profile flights.csv -o flights.csv', 'flights.csv is read and cannot be written'],
    ['profile flights.csv -o link.html', 'link.html is read and cannot be written'],
    ['profile flights.csv -o .', '. is a folder; a file is expected'],
    ['features flights.csv -o flights.csv', 'flights.csv'],
    ['model import text.pkl --inputs absent', 'absent does not exist'],
    ['model show .', '. is a directory'],
    ['model show nyc', "there is no model 'nyc'"],
    ['model verify text.pkl', 'text.pkl'],
    ['model import other.csv', 'a table of text'],
  ])('says so in one line and exits 2: puntual %s', (command, says) => {
    const { exitCode, out, error } = run(command);
    expect(error).toContain(says);
    expect(error).toStartWith('puntual: ');
    expect(error.trimEnd().split('\n')).toHaveLength(1);
    expect(out).toBe('');
    expect(exitCode).toBe(2);
  });
});

describe('a place that cannot be written to', () => {
  const flights = join(folder, 'flights.csv');
  const shell = (command: string) => {
    const program = `${process.execPath} ${join(ROOT, 'src/cli/main.ts')}`;
    return Bun.spawnSync(['sh', '-c', command.replace('PUNTUAL', program)], {
      cwd: folder,
      env: { ...process.env, TMPDIR: join(folder, 'absent') },
    });
  };

  test('is told where standard output is on a full disk', () => {
    const { exitCode, stderr } = shell('PUNTUAL model list --json >/dev/full');
    expect(stderr.toString()).toBe(
      'puntual: standard output cannot be written: no space is left on its disk\n',
    );
    expect(exitCode).toBe(2);
  });

  test.each([
    `gzip -c ${flights} >packed.csv.gz; PUNTUAL profile packed.csv.gz`,
    `cat ${flights} | PUNTUAL profile -`,
  ])('is told where temporary files have no folder: %s', (command) => {
    const { exitCode, stderr } = shell(command);
    expect(stderr.toString()).toContain('cannot hold unpacked data: no such file or folder');
    expect(exitCode).toBe(2);
  });
});

describe('asking for help', () => {
  test.each([
    '--help',
    'help train',
    'start --help',
    'profile --help',
    'train --help',
    'evaluate --help',
    'predict --help',
    'serve --help',
    'health --help',
    'stress --help',
    'model --help',
    'model import --help',
  ])('is answered on stdout and exits 0: puntual %s', (command) => {
    const { exitCode, out, error } = run(command);
    expect(out).toContain('Usage: puntual');
    expect(error).toBe('');
    expect(exitCode).toBe(0);
  });
});
