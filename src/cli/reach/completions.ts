/** Completions of the command line for three shells, each a script of its own that asks nobody. Pure. */

import { type CommandNode, withAllBelow } from './command-tree.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** For single quotes of any of the three. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const wordsOf = ({ children, options }: CommandNode): string[] => [
  ...children.map(({ path }) => path.at(-1)!),
  ...options.map(({ long }) => long),
  '--help',
];

/** The words in front of the one that is typed, without options, as far as they are commands. */
const cases = (root: CommandNode, line: (node: CommandNode) => string): string =>
  withAllBelow(root)
    .map((node) => `    ${quoted(node.path.join(' '))}) ${line(node)} ;;`)
    .join('\n');

const bash = (
  root: CommandNode,
): string => `# bash completion of wattsync: wattsync completion bash > /etc/bash_completion.d/wattsync
_wattsync() {
  local path='' word at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    [[ $word == -* ]] && continue
    case "\${path:+$path }$word" in
      ${withAllBelow(root)
        .filter(({ path }) => path.length > 0)
        .map(({ path }) => quoted(path.join(' ')))
        .join(' | ')}) path="\${path:+$path }$word" ;;
    esac
  done
  local words=''
  case "$path" in
${cases(root, (node) => `words=${quoted(wordsOf(node).join(' '))}`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _wattsync wattsync
`;

const described = ({ children, options }: CommandNode): string =>
  [
    ...children.map(({ path, description }) => [path.at(-1)!, description] as const),
    ...options.map(({ long, description }) => [long, description] as const),
    ['--help', 'what there is'] as const,
  ]
    .map(([word, description]) => quoted(`${word}:${description.replaceAll(':', '\\:')}`))
    .join(' ');

const zsh = (root: CommandNode): string => `#compdef wattsync
# zsh completion of wattsync: wattsync completion zsh > "\${fpath[1]}/_wattsync"
_wattsync() {
  local path='' word
  local -a found
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    [[ $word == -* ]] && continue
    case "\${path:+$path }$word" in
      ${withAllBelow(root)
        .filter(({ path }) => path.length > 0)
        .map(({ path }) => `(${quoted(path.join(' '))})`)
        .join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases(root, (node) => `found=(${described(node)})`)}
  esac
  _describe 'wattsync' found || _files
}
compdef _wattsync wattsync
`;

/** Where the words in front are exactly these commands. */
const fishCondition = ({ path, children }: CommandNode): string =>
  path.length === 0
    ? '__fish_use_subcommand'
    : [
        ...path.map((one) => `__fish_seen_subcommand_from ${one}`),
        ...(children.length > 0
          ? [`not __fish_seen_subcommand_from ${children.map((one) => one.path.at(-1)).join(' ')}`]
          : []),
      ].join('; and ');

const fish = (root: CommandNode): string =>
  [
    '# fish completion of wattsync: wattsync completion fish > ~/.config/fish/completions/wattsync.fish',
    ...withAllBelow(root).flatMap((node) => {
      const when = `complete -c wattsync -n ${quoted(fishCondition(node))}`;
      return [
        ...node.children.map(
          ({ path, description }) => `${when} -f -a ${path.at(-1)} -d ${quoted(description)}`,
        ),
        ...node.options.map(
          ({ long, description }) => `${when} -l ${long.replace(/^--/, '')} -d ${quoted(description)}`,
        ),
      ];
    }),
    '',
  ].join('\n');

const SCRIPTS: Record<Shell, (root: CommandNode) => string> = { bash, zsh, fish };

export const completionScript = (shell: Shell, root: CommandNode): string => SCRIPTS[shell](root);
