import { anchorSettingsShape } from '@banyan/boot';
import { addressText, hostPort, path, secret } from '@banyan/settings';
import { z } from 'zod';
import { serverSettingsShape } from '../core/server-settings.js';

export const secondarySettings = z.object({
  ...serverSettingsShape,
  ...anchorSettingsShape,
  BANYAN_PRIMARY_DATACENTER: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('Name of the primary datacenter, when it must be this one. Unset: learned at first contact, and kept.'),
  BANYAN_PRIMARY_WAN_ADDRESS: hostPort().transform(addressText).describe('host:port of the WAN gRPC of the primary.'),
  BANYAN_REPLICATION_TOKEN: secret().describe('Replication token bound to this datacenter.'),
  BANYAN_REPLICATION_TOKEN_PATH: path().describe('Set from BANYAN_REPLICATION_TOKEN_FILE; read anew before each use.'),
});
export type SecondarySettings = Readonly<z.output<typeof secondarySettings>>;
