/**
 * A `kubectl` for tests: the pods of a Job are processes of this machine, whose logs are files in FAKE_KUBECTL.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const folder = process.env['FAKE_KUBECTL']!;
const mode = process.env['FAKE_MODE'];
const words = process.argv.slice(2);
appendFileSync(join(folder, 'said'), `${words.join(' ')}\n`);

interface Job {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly completions: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly env: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}
interface List {
  readonly items: readonly (Job & {
    readonly kind: string;
    readonly data: Record<string, string>;
  })[];
}

const created = join(folder, 'created');
const logOf = (part: number | string): string => join(folder, `log-${part}`);

const create = async (): Promise<void> => {
  const text = await Bun.stdin.text();
  writeFileSync(created, text);
  const { items } = JSON.parse(text) as List;
  const files = join(folder, 'files');
  mkdirSync(files, { recursive: true });
  for (const [name, data] of Object.entries(
    items.find(({ kind }) => kind === 'Secret')?.data ?? {},
  ))
    writeFileSync(join(files, name), Buffer.from(data, 'base64'));
  const job = items.find(({ kind }) => kind === 'Job')!;
  const [container] = job.spec.template.spec.containers;
  for (let part = 0; part < job.spec.completions; part++) {
    writeFileSync(logOf(part), mode === 'broken' ? 'puntual: nobody answers\n' : '');
    if (mode !== 'run') continue;
    const args = container!.args.map((arg) =>
      arg
        .replaceAll(/(?<!\$)\$\(PART\)/g, String(part))
        .replaceAll('$$(', '$(')
        .replaceAll('/run/puntual', files),
    );
    const log = openSync(logOf(part), 'w');
    Bun.spawn(
      [
        ...['sh', '-c', '"$@"; echo $? >"$0"', join(folder, `exit-${part}`)],
        ...[process.execPath, join(import.meta.dir, '../src/cli/main.ts'), ...args],
      ],
      { stdio: ['ignore', log, log] },
    ).unref();
  }
};

const podOf = (part: number): object => {
  const name = `part-${part}`;
  const metadata = {
    name,
    annotations: { 'batch.kubernetes.io/job-completion-index': String(part) },
  };
  const waiting = { waiting: { reason: 'ErrImagePull', message: 'no such image' } };
  const unplaced = { type: 'PodScheduled', reason: 'Unschedulable', message: '0/1 nodes are free' };
  switch (mode) {
    case 'no-image':
      return { metadata, status: { phase: 'Pending', containerStatuses: [{ state: waiting }] } };
    case 'pending':
      return { metadata, status: { phase: 'Pending', conditions: [unplaced] } };
    case 'broken':
      return { metadata, status: { phase: 'Failed' } };
    default: {
      const end = join(folder, `exit-${part}`);
      const code = existsSync(end) ? readFileSync(end, 'utf8').trim() : '';
      const phase = code === '' ? 'Running' : code === '0' ? 'Succeeded' : 'Failed';
      return { metadata, status: { phase } };
    }
  }
};

const [verb, what] = words[0] === '--namespace' ? words.slice(2) : words;
switch (verb) {
  case 'create':
    await create();
    break;
  case 'get': {
    const { items } = JSON.parse(readFileSync(created, 'utf8')) as List;
    const { completions } = items.find(({ kind }) => kind === 'Job')!.spec;
    console.log(JSON.stringify({ items: Array.from({ length: completions }, (_, i) => podOf(i)) }));
    break;
  }
  case 'logs': {
    const part = what!.replace('part-', '');
    while (mode === 'run' && !existsSync(join(folder, `exit-${part}`))) await Bun.sleep(20);
    console.log(readFileSync(logOf(part), 'utf8'));
    break;
  }
}
