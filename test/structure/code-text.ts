// Reads source text without a compiler: TypeScript's own is large, and 7 has no API for it.

const STRING_OR_COMMENT = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;

/** The text without comments; strings stay, so that a `//` inside of one does not hide the rest of its line. */
export function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (match) => (match.startsWith('/') ? ' ' : match));
}

/** The text without comments and with every string emptied: what is left is code. */
export function codeOnly(text: string): string {
  return text.replace(STRING_OR_COMMENT, (match) => (match.startsWith('/') ? ' ' : "''"));
}

const IMPORTS = [
  /\b(?:import|export)\s[^;'"`()]*?\bfrom\s*['"]([^'"]+)['"]/g, // import … from, export … from, over several lines
  /\bimport\s*['"]([^'"]+)['"]/g, // for its effect
  /\bimport\s*\(\s*['"`]([^'"`]+)['"`]/g, // dynamic, and typeof import('…')
  /\brequire(?:\.resolve)?\s*\(\s*['"`]([^'"`]+)['"`]/g,
  /\b(?:mock|unstable_mockModule|doMock|requireActual)\s*\(\s*['"]([^'"]+)['"]/g,
];

/** Every module specifier a source text names, each once, in no particular order. */
export function importsOf(text: string): string[] {
  const code = withoutComments(text);
  const found = IMPORTS.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(found)];
}
