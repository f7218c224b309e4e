/**
 * Indents JSON text by four spaces without parsing it: numbers beyond 2^53 must survive, so only white space is added,
 * between tokens and never inside strings. Empty arrays and objects stay on one line.
 */
export const indentJson = (text: string): string => {
  let out = '';
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i]!;
    if (inString) {
      out += char;
      if (char === '\\') out += text[(i += 1)];
      else if (char === '"') inString = false;
      continue;
    }
    if (char === '"') inString = true;
    const closed = CLOSING[char];
    if (closed !== undefined && text[i + 1] === closed) {
      out += char + closed;
      i += 1;
      continue;
    }
    if (char === '}' || char === ']') out += lineAt((depth -= 1));
    out += char;
    if (char === ':') out += ' ';
    if (char === ',') out += lineAt(depth);
    if (closed !== undefined) out += lineAt((depth += 1));
  }
  return `${out}\n`;
};

const CLOSING: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

const lineAt = (depth: number): string => `\n${'    '.repeat(depth)}`;
