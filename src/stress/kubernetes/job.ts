/**
 * A stress run in parts as an Indexed Job: each pod takes one part of the one plan, and all begin at the same moment.
 */

export interface JobSetting {
  readonly name: string;
  readonly image: string;
  readonly nParts: number;
  /** Of `puntual`, without what says the part, the start and the output. */
  readonly args: readonly string[];
  /** Variables that the flags of the parts were given by. */
  readonly env: Readonly<Record<string, string>>;
  /** Contents of the files that `args` name under FILES_FOLDER, by their names there. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly startAtMs: number;
  /** When it has ended at the latest. */
  readonly limitSeconds: number;
  /** Requests of each pod, as Kubernetes writes them. */
  readonly cpu: string;
  readonly memory: string;
}

export const FILES_FOLDER = '/run/puntual';

/** What is left of a run whose author has gone is taken away by the cluster. */
const KEPT_SECONDS = 3600;
const USER = 65_532;

const APP = 'app.kubernetes.io/name';

/** Everything that one run creates, as a List; `app.kubernetes.io/instance` names all of it. */
export const jobOf = (setting: JobSetting): object => ({
  apiVersion: 'v1',
  kind: 'List',
  items: [...(setting.files.size > 0 ? [secretOf(setting)] : []), indexedJob(setting)],
});

const metadataOf = (name: string) => ({
  name,
  labels: { [APP]: 'puntual-stress', 'app.kubernetes.io/instance': name },
});

/** A Secret rather than a ConfigMap: a certificate's key may be among the files. */
const secretOf = ({ name, files }: JobSetting): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: metadataOf(name),
  data: Object.fromEntries(
    [...files].map(([file, bytes]) => [file, Buffer.from(bytes).toString('base64')]),
  ),
});

const indexedJob = (setting: JobSetting): object => {
  const { name, nParts, limitSeconds } = setting;
  const { labels } = metadataOf(name);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataOf(name),
    spec: {
      completionMode: 'Indexed',
      completions: nParts,
      parallelism: nParts,
      // A part whose threshold failed ends with 99 and must not end the others.
      backoffLimitPerIndex: 0,
      activeDeadlineSeconds: limitSeconds,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: { metadata: { labels }, spec: podOf(setting) },
    },
  };
};

const podOf = ({ name, image, nParts, args, env, files, startAtMs, cpu, memory }: JobSetting) => ({
  restartPolicy: 'Never',
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  // Two generators on one node would measure each other.
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { 'app.kubernetes.io/instance': name } },
    },
  ],
  securityContext: {
    runAsNonRoot: true,
    runAsUser: USER,
    runAsGroup: USER,
    fsGroup: USER,
    seccompProfile: { type: 'RuntimeDefault' },
  },
  containers: [
    {
      name: 'stress',
      image,
      env: [
        {
          name: 'PART',
          valueFrom: {
            fieldRef: {
              fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']",
            },
          },
        },
        ...Object.entries(env).map(([key, value]) => ({ name: key, value })),
      ],
      args: [
        'stress',
        // Kubernetes would put variables in the place of `$(NAME)`.
        ...args.map((arg) => arg.replaceAll('$(', '$$(')),
        `--part=$(PART)/${nParts}`,
        `--start-at=${startAtMs / 1000}`,
        '--output=-',
      ],
      // No limit of processors: a quota would hold the generator back in the middle of a period.
      resources: { requests: { cpu, memory }, limits: { memory } },
      securityContext: {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      },
      volumeMounts: [
        { name: 'tmp', mountPath: '/tmp' },
        ...(files.size > 0 ? [{ name: 'files', mountPath: FILES_FOLDER, readOnly: true }] : []),
      ],
    },
  ],
  volumes: [
    { name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
    ...(files.size > 0
      ? [{ name: 'files', secret: { secretName: name, defaultMode: 0o440 } }]
      : []),
  ],
});
