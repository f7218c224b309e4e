import { type Level, valuedNames, type ValueKind } from './levels.js';

/** A text as one word of a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const offer = (value: ValueKind): string => {
  if (value.kind === 'words') return `mapfile -t COMPREPLY < <(compgen -W ${quoted(value.words.join(' '))} -- "$cur")`;
  if (value.kind === 'file') return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")';
  return 'COMPREPLY=()';
};

const wordsAt = (level: Level): string => `    ${quoted(level.path)})
      commands=${quoted(level.commands.map(({ name }) => name).join(' '))}
      options=${quoted(level.options.flatMap(({ names }) => names).join(' '))}
      valued=${quoted(` ${valuedNames(level).join(' ')} `)} ;;`;

const valuesAt = (level: Level): string => {
  const cases = level.options
    .filter(({ value }) => value.kind !== 'none')
    .map(({ names, value }) => `        ${names.join('|')}) ${offer(value)}; return ;;`);
  return `    ${quoted(level.path)})
      case "$before" in
${cases.join('\n')}
      esac ;;`;
};

const argumentsAt = (levels: readonly Level[]): string =>
  levels
    .filter(({ argument }) => argument.kind !== 'text')
    .map(({ path, argument }) => `    ${quoted(path)}) ${offer(argument)}; return ;;`)
    .join('\n');

/** The completion of the command line for bash 4 and later. */
export const bashCompletion = (
  levels: readonly Level[],
): string => `# Completion of banyan for bash: source <(banyan completion bash)

_banyan_words() {
  case "$1" in
${levels.map(wordsAt).join('\n')}
  esac
}

_banyan() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} at='' word i
  local commands options valued
  COMPREPLY=()
  # A long option and its value in one word come in three.
  if [[ $cur == '=' ]]; then cur=''; elif [[ $before == '=' ]]; then before=\${COMP_WORDS[COMP_CWORD-2]}; fi
  _banyan_words ''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word =~ ^-[a-z]{2} ]] && word="-$word"
    if [[ $word == -* ]]; then
      if [[ $valued == *" $word "* ]]; then
        ((i++))
        [[ \${COMP_WORDS[i]} == '=' ]] && ((i++))
      fi
    elif [[ " $commands " == *" $word "* ]]; then
      at="\${at:+$at }$word"
      _banyan_words "$at"
    fi
  done
  [[ $before =~ ^-[a-z]{2} ]] && before="-$before"
  case "$at" in
${levels.map(valuesAt).join('\n')}
  esac
  if [[ $cur == --* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
  elif [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options \${options//--/-}" -- "$cur")
  elif [[ -n $commands ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
  else
    case "$at" in
${argumentsAt(levels)}
    esac
  fi
}

complete -F _banyan banyan
`;
