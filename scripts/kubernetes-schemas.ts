/**
 * Writes deploy/schemas: what Kubernetes accepts of the kinds that are rendered here, as JSON Schema, one file each as
 * kubeconform looks for them. Strict: a field that Kubernetes does not know is refused.
 *   kubectl get --raw /openapi/v2 | bun scripts/kubernetes-schemas.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dir, '../deploy/schemas');
const KINDS = [
  'ConfigMap',
  'Deployment',
  'HorizontalPodAutoscaler',
  'Ingress',
  'Job',
  'NetworkPolicy',
  'Pod',
  'PodDisruptionBudget',
  'Secret',
  'Service',
  'ServiceAccount',
];
const VERSIONS = ['v1', 'v2'];

type Schema = Record<string, unknown>;
interface Definition extends Schema {
  properties?: Record<string, Schema>;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
}

const { definitions } = JSON.parse(await Bun.stdin.text()) as {
  definitions: Record<string, Definition>;
};

/** Types that are written in more forms than the document says. */
const FORMS: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['string', 'integer'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
};

/** Without prose, and closed where its fields are listed. */
const strict = (name: string): Schema => {
  const form = FORMS[name];
  if (form) return form;
  const definition = withoutProse(definitions[name]!) as Definition;
  const { properties } = definition;
  return properties && !definition['x-kubernetes-preserve-unknown-fields']
    ? { additionalProperties: false, ...definition }
    : definition;
};

const withoutProse = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // A field may be called `description`: then it is an object.
      .filter(([key, inner]) => !(key === 'description' && typeof inner === 'string'))
      .filter(([key]) => !key.startsWith('x-kubernetes-') && key !== 'format')
      .map(([key, inner]) => [key, withoutProse(inner)]),
  );
};

const usedBy = (root: string): readonly string[] => {
  const used = new Set<string>();
  const visit = (name: string): void => {
    if (used.has(name)) return;
    used.add(name);
    for (const [, inner] of JSON.stringify(definitions[name]).matchAll(/#\/definitions\/([^"]+)"/g))
      visit(inner!);
  };
  visit(root);
  return [...used].sort();
};

mkdirSync(FOLDER, { recursive: true });
for (const [name, definition] of Object.entries(definitions))
  for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? []) {
    if (!KINDS.includes(kind) || !VERSIONS.includes(version)) continue;
    const suffix = [group.split('.')[0], version].filter((part) => part !== '').join('-');
    const schema = {
      $ref: `#/definitions/${name}`,
      definitions: Object.fromEntries(usedBy(name).map((used) => [used, strict(used)])),
    };
    writeFileSync(
      join(FOLDER, `${kind.toLowerCase()}-${suffix}.json`),
      `${JSON.stringify(schema)}\n`,
    );
  }
