import { type Level, valuedNames, type ValueKind } from './levels.js';

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** `name:description` for _describe; a colon in a name would end it. */
const described = (name: string, description: string): string =>
  quoted(`${name.replaceAll(':', String.raw`\:`)}:${description}`);

const offer = (value: ValueKind): string => {
  if (value.kind === 'words') return `compadd -- ${value.words.map(quoted).join(' ')}`;
  return value.kind === 'file' ? '_files' : "_message 'a value'";
};

const wordsAt = (level: Level): string => {
  const options = level.options.flatMap(({ names, description }) => names.map((name) => described(name, description)));
  return `    ${quoted(level.path)})
      commands=(${level.commands.map(({ name, description }) => described(name, description)).join(' ')})
      names=(${level.commands.map(({ name }) => quoted(name)).join(' ')})
      options=(${options.join(' ')})
      valued=(${valuedNames(level).map(quoted).join(' ')}) ;;`;
};

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
    .map(({ path, argument }) => `    ${quoted(path)}) ${offer(argument)} ;;`)
    .join('\n');

/** The completion of the command line for zsh, with descriptions. */
export const zshCompletion = (levels: readonly Level[]): string => `#compdef banyan
# Completion of banyan for zsh: source <(banyan completion zsh), or a file _banyan in a folder of $fpath

_banyan_words() {
  case "$1" in
${levels.map(wordsAt).join('\n')}
  esac
}

_banyan() {
  local cur=\${words[CURRENT]} before=\${words[CURRENT-1]} at='' word i
  local -a commands names options valued
  if [[ $cur == --*=* ]]; then
    before=\${cur%%=*}
    compset -P '*='
  fi
  _banyan_words ''
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    [[ $word == -[a-z][a-z-]* ]] && word="-$word"
    if [[ $word == -* ]]; then
      ((\${valued[(Ie)$word]})) && ((i++))
    elif ((\${names[(Ie)$word]})); then
      at="\${at:+$at }$word"
      _banyan_words "$at"
    fi
  done
  [[ $before == -[a-z][a-z-]* ]] && before="-$before"
  case "$at" in
${levels.map(valuesAt).join('\n')}
  esac
  if [[ $cur == --* ]]; then
    _describe -o 'option' options
  elif [[ $cur == -* ]]; then
    options+=("\${(@)options/#--/-}")
    _describe -o 'option' options
  elif ((\${#commands})); then
    _describe 'command' commands
  else
    case "$at" in
${argumentsAt(levels)}
    esac
  fi
}

if [[ \${funcstack[1]} == _banyan ]]; then
  _banyan "$@"
else
  compdef _banyan banyan
fi
`;
