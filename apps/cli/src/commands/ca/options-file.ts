import { readFile } from 'node:fs/promises';
import { BanyanError, messageOf, parsedJson } from '@banyan/kernel';

/** A JSON object from a file, or from standard input for `-`. Throws `CONFIG_INVALID`, which never quotes the text. */
export const readJsonObject = async (path: string, input: NodeJS.ReadableStream): Promise<Record<string, unknown>> => {
  // The text of a syntax error would quote the file, which may hold secrets.
  const parsed = parsedJson(await readText(path, input));
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new BanyanError('CONFIG_INVALID', `${path} must hold a JSON object`);
};

/** The text of a file, or of standard input for `-`. Throws `CONFIG_INVALID`. */
export const readText = async (path: string, input: NodeJS.ReadableStream): Promise<string> => {
  try {
    if (path !== '-') return await readFile(path, 'utf8');
    const chunks: Buffer[] = [];
    for await (const chunk of input) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('utf8');
  } catch (cause) {
    throw new BanyanError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
};
