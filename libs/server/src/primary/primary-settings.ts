import { choice, path } from '@banyan/settings';
import { z } from 'zod';
import { serverSettingsShape } from '../core/server-settings.js';

/** The settings of a server of the primary. */
export const primarySettings = z.object({
  ...serverSettingsShape,
  BANYAN_INITIAL_TOKENS_FILE: path().describe(
    'JSON file with tokens to make at the first start: [{"role":{"kind":"management"},"secret":"…"}, …].',
  ),
  BANYAN_CA_PROVIDER_PACKAGES: z
    .string()
    .max(2_048)
    .default('')
    .transform((names) =>
      names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    )
    .describe('npm packages with CA providers, separated by commas; each is then the provider package:<name>.'),
  BANYAN_ROOT_RENEWAL: choice(['auto', 'notice'], 'auto').describe(
    'auto: a rotation replaces the root before it ends, after weeks of notice. notice: it is only said; an operator starts it.',
  ),
  BANYAN_ROOT_FINGERPRINT_OUT: path().describe(
    'Where the fingerprint of the active root is written for others to pin. Unset: root.fingerprint in the data folder.',
  ),
});
export type PrimarySettings = Readonly<z.output<typeof primarySettings>>;
