import { choice, duration, path, toggle } from '@banyan/settings';
import { z } from 'zod';

/** How a server keeps its audit trail. */
export const auditSettingsShape = {
  BANYAN_AUDIT: toggle(true).describe(
    'Whether administrative acts and refused attempts are recorded in the audit trail. The same on all servers of a datacenter.',
  ),
  BANYAN_AUDIT_RETENTION: duration('8760h', '1h').describe(
    'How long the audit trail keeps its entries in the database.',
  ),
  BANYAN_AUDIT_ON_FAILURE: choice(['warn', 'refuse'], 'warn').describe(
    'While audit entries cannot be written to the file or the output: go on and say so in log, health and metrics, or refuse every act (AUDIT_UNAVAILABLE).',
  ),
  BANYAN_AUDIT_FILE: path().describe(
    'File that gets the audit entries of this server as JSON lines as well (mode 0600, forced to the disk after every write). Unset: none.',
  ),
  BANYAN_AUDIT_FILE_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(65_536)
    .max(1_099_511_627_776)
    .default(67_108_864)
    .describe('A file that would grow beyond is put aside as <file>.1 first.'),
  BANYAN_AUDIT_FILE_KEEP: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(8)
    .describe('How many files that were put aside are kept.'),
  BANYAN_AUDIT_STDOUT: toggle(false).describe(
    'Write the audit entries of this server to its standard output as well, as JSON lines among those of the log.',
  ),
} as const;

const auditSettings = z.object(auditSettingsShape);
/** After parsing. */
export type AuditSettings = Readonly<z.output<typeof auditSettings>>;
