import { type Level, valuedNames, type ValueKind } from './levels.js';

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;

const offer = (value: ValueKind): string => {
  if (value.kind === 'words') return `printf '%s\\n' ${value.words.map(quoted).join(' ')}`;
  return value.kind === 'file' ? '__fish_complete_path (commandline -ct)' : 'true';
};

/** `name<tab>description` as fish reads it. */
const line = (name: string, description: string): string => quoted(`${name}\t${description}`);

const wordsAt = (level: Level): string => `    case ${quoted(level.path)}
      set -g __banyan_commands ${level.commands.map(({ name }) => quoted(name)).join(' ')}
      set -g __banyan_valued ${valuedNames(level).map(quoted).join(' ')}`;

const valuesAt = (level: Level): string => {
  const cases = level.options
    .filter(({ value }) => value.kind !== 'none')
    .map(({ names, value }) => `        case ${names.join(' ')}\n          ${offer(value)}\n          return`);
  return `    case ${quoted(level.path)}
      switch $before
${cases.join('\n')}
      end`;
};

const linesAt = (level: Level): string => {
  const options = level.options.flatMap(({ names, description }) => names.map((name) => line(name, description)));
  const others =
    level.commands.length > 0
      ? `printf '%s\\n' ${level.commands.map(({ name, description }) => line(name, description)).join(' ')}`
      : offer(level.argument);
  return `    case ${quoted(level.path)}
      if string match -q -- '-*' $cur
        printf '%s\\n' ${options.join(' ')}
      else
        ${others}
      end`;
};

/** The completion of the command line for fish, with descriptions. */
export const fishCompletion = (
  levels: readonly Level[],
): string => `# Completion of banyan for fish: banyan completion fish | source

function __banyan_words
  switch $argv[1]
${levels.map(wordsAt).join('\n')}
  end
end

function __banyan_complete
  set -l tokens (commandline -opc)
  set -l cur (commandline -ct)
  set -l before $tokens[-1]
  set -l at ''
  set -l skip false
  __banyan_words ''
  for word in $tokens[2..-1]
    if test $skip = true
      set skip false
      continue
    end
    string match -qr '^-[a-z]{2}' -- $word; and set word -$word
    if string match -q -- '-*' $word
      contains -- $word $__banyan_valued; and set skip true
    else if contains -- $word $__banyan_commands
      set at (string trim -- "$at $word")
      __banyan_words $at
    end
  end
  string match -qr '^-[a-z]{2}' -- $before; and set before -$before
  switch $at
${levels.map(valuesAt).join('\n')}
  end
  switch $at
${levels.map(linesAt).join('\n')}
  end
end

complete -c banyan -f -a '(__banyan_complete)'
`;
