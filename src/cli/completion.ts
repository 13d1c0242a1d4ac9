/**
 * `puntual completion SHELL`: what bash, zsh or fish complete, written from the commands themselves.
 */
import { type Command, Argument } from 'commander';
import { printText } from './output.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export const describe = (command: Command): void => {
  command
    .description('Prints what a shell needs to complete commands and flags.')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .addHelpText(
      'after',
      `
Now:      source <(puntual completion bash)
For good: puntual completion bash > ~/.local/share/bash-completion/completions/puntual
          puntual completion zsh > a file called _puntual in a folder of $fpath
          puntual completion fish > ~/.config/fish/completions/puntual.fish`,
    )
    .action((shell: Shell) => printText(WRITERS[shell](nodesOf(command.parent!))));
};

interface Flag {
  /** `--name` and, where there is one, `-n`. */
  readonly names: readonly string[];
  readonly about: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** One command: where it stands (`model import`, '' for the program), the words and flags that may come next. */
interface Node {
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly flags: readonly Flag[];
}

const aboutOf = (command: Command): string => command.summary() || command.description();

const nodesOf = (command: Command, path = ''): readonly Node[] => [
  {
    path,
    commands: [
      ...command.commands.map((inner) => ({ name: inner.name(), about: aboutOf(inner) })),
      ...command.registeredArguments.flatMap(({ argChoices = [], description }) =>
        argChoices.map((name) => ({ name, about: description })),
      ),
    ],
    flags: [
      ...command.options.map(({ short, long, description, required, optional, argChoices }) => ({
        names: [long, short].filter((name) => name !== undefined && name !== null),
        about: description,
        takesValue: required || optional,
        choices: argChoices ?? [],
      })),
      { names: ['--help', '-h'], about: 'what it does', takesValue: false, choices: [] },
    ],
  },
  ...command.commands.flatMap((inner) =>
    nodesOf(inner, path === '' ? inner.name() : `${path} ${inner.name()}`),
  ),
];

const namesOf = ({ commands, flags }: Node): string =>
  [...commands.map(({ name }) => name), ...flags.flatMap(({ names }) => names)].join(' ');

/** Every flag of every command whose values are known, as a pattern of `PATH FLAG`. */
const choicesOf = (nodes: readonly Node[]) =>
  nodes.flatMap(({ path, flags }) =>
    flags
      .filter(({ choices }) => choices.length > 0)
      .map(({ names, choices }) => ({
        pattern: names.map((name) => `"${path} ${name}"`).join('|'),
        values: choices.join(' '),
      })),
  );

const valuesOf = (nodes: readonly Node[]): string =>
  nodes
    .flatMap(({ path, flags }) =>
      flags
        .filter(({ takesValue, choices }) => takesValue && choices.length === 0)
        .flatMap(({ names }) => names.map((name) => `"${path} ${name}"`)),
    )
    .join('|');

const innerPaths = (nodes: readonly Node[]): string =>
  nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => `"${path.includes(' ') ? path : ` ${path}`}"`)
    .join('|');

/** Shared by bash and zsh: where the words lead, then what may follow; nothing means files. */
const bodyOf = (nodes: readonly Node[], offer: (words: string) => string): string => `\
  case "$where $before" in
${choicesOf(nodes)
  .map(({ pattern, values }) => `    ${pattern}) ${offer(values)}; return ;;`)
  .join('\n')}
    ${valuesOf(nodes)}) ${offer('')}; return ;;
  esac
  case "$where" in
${nodes
  .map((node) => {
    const hasCommands = node.commands.length > 0;
    const all = offer(namesOf(node));
    return hasCommands
      ? `    "${node.path}") ${all} ;;`
      : `    "${node.path}") case "$current" in -*) ${all} ;; *) ${offer('')} ;; esac ;;`;
  })
  .join('\n')}
  esac`;

const WRITERS: Readonly<Record<Shell, (nodes: readonly Node[]) => string>> = {
  bash: (nodes) => `\
# bash completion of puntual; where nothing is offered, bash offers files.
_puntual() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" where="" at
  for ((at = 1; at < COMP_CWORD; at++)); do
    case "$where \${COMP_WORDS[at]}" in
      ${innerPaths(nodes)}) where="\${where:+$where }\${COMP_WORDS[at]}" ;;
    esac
  done
  COMPREPLY=()
${bodyOf(nodes, (words) => (words === '' ? ':' : `COMPREPLY=($(compgen -W "${words}" -- "$current"))`))}
}
complete -o default -F _puntual puntual
`,
  zsh: (nodes) => `\
#compdef puntual
_puntual() {
  local current="\${words[CURRENT]}" before="\${words[CURRENT-1]}" where="" at
  for ((at = 2; at < CURRENT; at++)); do
    case "$where \${words[at]}" in
      ${innerPaths(nodes)}) where="\${where:+$where }\${words[at]}" ;;
    esac
  done
${bodyOf(nodes, (words) => (words === '' ? '_files' : `compadd -- ${words}`))}
}
if [ "$funcstack[1]" = "_puntual" ]; then _puntual "$@"; else compdef _puntual puntual; fi
`,
  fish: (nodes) => `\
# fish completion of puntual
complete -c puntual -n __fish_use_subcommand -f
${nodes.flatMap(fishLines).join('\n')}
`,
};

/** `'it\'s'`, as fish quotes. */
const fishText = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const fishLines = ({ path, commands, flags }: Node): readonly string[] => {
  const here =
    path === ''
      ? '__fish_use_subcommand'
      : path
          .split(' ')
          .map((name) => `__fish_seen_subcommand_from ${name}`)
          .join('; and ');
  const isFirst =
    path === '' || commands.length === 0
      ? here
      : `${here}; and not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(' ')}`;
  return [
    ...commands.map(
      ({ name, about }) =>
        `complete -c puntual -n ${fishText(isFirst)} -f -a ${name} -d ${fishText(about)}`,
    ),
    ...flags.map(({ names, about, takesValue, choices }) => {
      const [long = '', short] = names;
      const ends = [
        long.startsWith('--') ? `-l ${long.slice(2)}` : `-s ${long.slice(1)}`,
        ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
        ...(takesValue ? ['-r'] : []),
        ...(choices.length > 0 ? [`-f -a ${fishText(choices.join(' '))}`] : []),
      ];
      return `complete -c puntual -n ${fishText(isFirst)} ${ends.join(' ')} -d ${fishText(about)}`;
    }),
  ];
};
