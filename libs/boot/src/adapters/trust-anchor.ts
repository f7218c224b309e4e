import { readFileSync } from 'node:fs';
import { BanyanError } from '@banyan/kernel';
import { path } from '@banyan/settings';
import { z } from 'zod';

/** The anchor of trust, the same for secondaries and agents. */
export const anchorSettingsShape = {
  BANYAN_ROOT_FINGERPRINT: z
    .string()
    .max(128)
    .optional()
    .describe('SHA-256 fingerprint of the root that must stand above the server first met.'),
  BANYAN_ROOT_FINGERPRINT_FILE: path().describe('File with that fingerprint; waited for when it is not there yet.'),
  BANYAN_CA_FILE: path().describe('File with the roots in PEM, instead of a fingerprint.'),
} as const;

/** The trust anchor that the settings name: a pin, a file with a pin, or a file with the roots. */
export const readAnchor = (settings: {
  readonly BANYAN_ROOT_FINGERPRINT?: string | undefined;
  readonly BANYAN_ROOT_FINGERPRINT_FILE?: string | undefined;
  readonly BANYAN_CA_FILE?: string | undefined;
}): { pin: string } | { caPem: string } => {
  if (settings.BANYAN_ROOT_FINGERPRINT !== undefined) return { pin: settings.BANYAN_ROOT_FINGERPRINT };
  if (settings.BANYAN_ROOT_FINGERPRINT_FILE !== undefined) {
    return { pin: readTextFile('BANYAN_ROOT_FINGERPRINT_FILE', settings.BANYAN_ROOT_FINGERPRINT_FILE) };
  }
  if (settings.BANYAN_CA_FILE !== undefined) return { caPem: readTextFile('BANYAN_CA_FILE', settings.BANYAN_CA_FILE) };
  throw new BanyanError(
    'CONFIG_INVALID',
    'set BANYAN_ROOT_FINGERPRINT, BANYAN_ROOT_FINGERPRINT_FILE or BANYAN_CA_FILE: without a pin nobody can be trusted',
  );
};

/** A file that a setting names, trimmed. Throws `CONFIG_INVALID`. */
export const readTextFile = (setting: string, file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new BanyanError('CONFIG_INVALID', `the file that ${setting} names cannot be read yet: ${file}`, { cause });
  }
};
