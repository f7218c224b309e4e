import { anchorSettingsShape } from '@banyan/boot';
import { hostPortList, path, secret } from '@banyan/settings';
import { z } from 'zod';
import { serverSettingsShape } from '../core/server-settings.js';

/** The settings of a server of a secondary. */
export const secondarySettings = z.object({
  ...serverSettingsShape,
  ...anchorSettingsShape,
  BANYAN_PRIMARY_DATACENTER: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('Name of the primary datacenter, when it must be this one. Unset: learned at first contact, and kept.'),
  BANYAN_PRIMARY_WAN_ADDRESS: hostPortList().describe(
    'host:port of the WAN gRPC of the servers of the primary, separated by commas; others of them are learned.',
  ),
  BANYAN_REPLICATION_TOKEN: secret().describe('Replication token bound to this datacenter.'),
  BANYAN_REPLICATION_TOKEN_PATH: path().describe('Set from BANYAN_REPLICATION_TOKEN_FILE; read anew before each use.'),
  BANYAN_REPLICATION_GUARD_PERCENT: z.coerce
    .number()
    .int()
    .min(0)
    .max(100)
    .default(25)
    .describe(
      'A round that would delete more than this share of a stream is held for a person to confirm, in percent.',
    ),
  BANYAN_REPLICATION_GUARD_RECORDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .default(10)
    .describe('So many records may always be deleted in a round, whatever share of the stream they are.'),
  BANYAN_ADOPT: z
    .string()
    .max(128)
    .optional()
    .describe('Hash of what joining would replace in a datacenter that stood alone: confirms exactly that.'),
});
export type SecondarySettings = Readonly<z.output<typeof secondarySettings>>;
