import { BanyanError } from '@banyan/kernel';
import { parse } from 'yaml';
import { readText } from './ca/options-file.js';

/** JSON of a file, or of standard input for `-`. Throws `CONFIG_INVALID`, which never quotes the text. */
export const readJson = async (path: string, input: NodeJS.ReadableStream): Promise<unknown> => {
  const text = await readText(path, input);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new BanyanError('CONFIG_INVALID', `${path} holds no JSON`, { cause });
  }
};

/** JSON or YAML of a file, or of standard input for `-`. Throws `CONFIG_INVALID`, which never quotes the text. */
export const readJsonOrYaml = async (path: string, input: NodeJS.ReadableStream): Promise<unknown> => {
  const text = await readText(path, input);
  try {
    return parse(text) as unknown;
  } catch (cause) {
    throw new BanyanError('CONFIG_INVALID', `${path} holds neither JSON nor YAML`, { cause });
  }
};
