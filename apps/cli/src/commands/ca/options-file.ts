import { readFile } from 'node:fs/promises';
import { BanyanError, messageOf } from '@banyan/kernel';

/** A JSON object from a file, or from standard input for `-`. Throws `CONFIG_INVALID`, which never quotes the text. */
export const readJsonObject = async (path: string, input: NodeJS.ReadableStream): Promise<Record<string, unknown>> => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readText(path, input));
  } catch (cause) {
    // The text of a syntax error quotes the file, which may hold secrets.
    const reason = cause instanceof SyntaxError ? 'it is no JSON' : messageOf(cause);
    throw new BanyanError('CONFIG_INVALID', `${path} cannot be read: ${reason}`, { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new BanyanError('CONFIG_INVALID', `${path} must hold a JSON object`);
};

/** The text of a file, or of standard input for `-`. */
export const readText = async (path: string, input: NodeJS.ReadableStream): Promise<string> => {
  if (path !== '-') return readFile(path, 'utf8');
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
};
