/**
 * The value that a text of JSON (RFC 8259) stands for; undefined for what is none, which no schema of an object lets
 * through. The error that is dropped would quote the text, which may hold secrets.
 */
export const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
};
