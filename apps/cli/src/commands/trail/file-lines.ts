import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { BanyanError, messageOf } from '@banyan/kernel';

/** The lines of files, one after the other; `-` is standard input. Throws `CONFIG_INVALID` for one that cannot be read. */
export async function* fileLines(paths: readonly string[], input: NodeJS.ReadableStream): AsyncGenerator<string> {
  for (const path of paths) {
    const source = path === '-' ? input : createReadStream(path);
    try {
      yield* createInterface({ input: source, crlfDelay: Infinity });
    } catch (cause) {
      throw new BanyanError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(cause)}`, { cause });
    }
  }
}
