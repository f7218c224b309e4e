import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { BanyanError, messageOf } from '@banyan/kernel';
import { KEY_BYTES } from '../domain/envelope.js';

/** A key file's text, and what is wrong with the way it is stored. */
export interface KeyFile {
  readonly text: string;
  readonly warnings: readonly string[];
}

/** Reads a key file, and makes it first if it is missing and `generate` is set. Throws `KEK_INVALID`. */
export const readKeyFile = (file: string, generate: boolean): KeyFile => {
  try {
    const found = readExisting(file);
    if (found !== undefined) return found;
    if (!generate) throw new BanyanError('KEK_INVALID', `the key-encryption key file ${file} does not exist`);
    create(file);
    const made = readExisting(file);
    if (made === undefined) throw new BanyanError('KEK_INVALID', `the key-encryption key file ${file} vanished`);
    return made;
  } catch (error) {
    if (error instanceof BanyanError) throw error;
    throw new BanyanError('KEK_INVALID', `the key-encryption key file ${file} cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
};

const readExisting = (file: string): KeyFile | undefined => {
  try {
    const { mode } = statSync(file);
    // Kubernetes mounts secrets readable by a group on purpose: a warning, not a refusal.
    const readableByOthers = (mode & 0o077) !== 0;
    const warnings = readableByOthers
      ? [`the key-encryption key file ${file} is readable by others than its owner; set its mode to 0600`]
      : [];
    return { text: readFileSync(file, 'utf8'), warnings };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

/**
 * Written in full under another name, then linked: of two processes that start together one wins, and neither ever
 * reads half a key. On disk before it is used, because keys sealed with it may be on disk a moment later.
 */
const create = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    writeSync(descriptor, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
    fsyncSync(descriptor);
    linkSync(draft, file);
    syncFolder(dirname(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    closeSync(descriptor);
    unlinkSync(draft);
  }
};

const syncFolder = (folder: string): void => {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};
