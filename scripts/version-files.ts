/**
 * Where the version of package.json is repeated: manifests that need it, and commands that show it.
 */

/** Each with the forms in which the version stands there. */
const FORMS: Readonly<Record<string, readonly RegExp[]>> = {
  'package.json': [/(?<=^ {2}"version": ")[^"]+/gm],
  'package-lock.json': [/(?<="name": "puntual",\n\s+"version": ")[^"]+/g],
  'deploy/helm/puntual/Chart.yaml': [/(?<=^(?:version|appVersion): "?)\d[^"\n]*/gm],
  'deploy/Dockerfile': [/(?<=^ARG VERSION=)\S+/gm],
};

/** `puntual:0.1.0` and `puntual:0.1.0-demo`; variables of Terraform and labels of the chart show it too. */
const SHOWN =
  /(?<=puntual:|image_tag=|puntual-|newTag: "?|version: "|app\.kubernetes\.io\/version: "?)\d+\.\d+\.\d+/g;

const SHOWING = [
  'README.md',
  'compose.yaml',
  'docs/operating.md',
  'docs/measuring.md',
  'deploy/Dockerfile',
  'deploy/cloudrun/service.yaml',
  'deploy/kserve/runtime.yaml',
  'deploy/kubernetes/kustomization.yaml',
  'deploy/kubernetes/puntual.yaml',
  'deploy/terraform/cloudrun/versions.tf',
  'deploy/terraform/gke/versions.tf',
];

export const FILES_WITH_VERSION: readonly string[] = [
  ...new Set([...Object.keys(FORMS), ...SHOWING]),
];

const formsOf = (file: string): readonly RegExp[] => [
  ...(FORMS[file] ?? []),
  ...(SHOWING.includes(file) ? [SHOWN] : []),
];

/** Every version of Puntual that stands in the text of a file. */
export const versionsIn = (file: string, text: string): readonly string[] =>
  formsOf(file).flatMap((form) => text.match(form) ?? []);

export const withVersion = (file: string, text: string, version: string): string =>
  formsOf(file).reduce((changed, form) => changed.replaceAll(form, version), text);
