const isControl = (code: number): boolean =>
  code < 0x20 ||
  (code >= 0x7f && code < 0xa0) ||
  (code >= 0x202a && code <= 0x202e) ||
  (code >= 0x2066 && code <= 0x2069);

/**
 * A text from a server as a terminal may show it, on one line: control characters, and those that turn the direction of
 * writing, are written as `\u001b`, so that no answer can move the cursor or hide a word.
 */
export const plainText = (text: string): string => {
  let plain = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    plain += isControl(code) ? `\\u${code.toString(16).padStart(4, '0')}` : character;
  }
  return plain;
};
