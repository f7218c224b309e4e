import { once } from 'node:events';
import type { TextStream } from '../session/surroundings.js';

const BATCH = 500;

/** Writes lines as fast as they are taken: an export of any length needs no memory. Gives their number. */
export const writeLines = async (stream: TextStream, lines: AsyncIterable<string>): Promise<number> => {
  let count = 0;
  let batch = '';
  const flush = async (): Promise<void> => {
    if (batch !== '' && !stream.write(batch)) await once(stream, 'drain');
    batch = '';
  };
  for await (const line of lines) {
    if (line === '') continue;
    batch += `${line}\n`;
    count += 1;
    if (count % BATCH === 0) await flush();
  }
  await flush();
  return count;
};
