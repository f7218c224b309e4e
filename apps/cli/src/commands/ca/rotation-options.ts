import type { Command } from 'commander';

/** --dry-run, --plan-hash, --yes: what every step of a rotation takes. */
export const addStepOptions = (command: Command): Command =>
  command
    .option('--dry-run', 'only show what it would do and who would break')
    .option('--plan-hash <hash>', 'take the step only while what --dry-run showed is so; asks nothing')
    .option('-y, --yes', 'do not ask');

/** --wait and --wait-limit. */
export const addWaitOptions = (command: Command): Command =>
  command
    .option('--wait', 'wait until the rotation is finished, with its progress')
    .option('--wait-limit <duration>', 'how long at most', '24h');

/** What {@link addStepOptions} declares. */
export interface StepOptions {
  readonly dryRun?: boolean;
  readonly planHash?: string;
  readonly yes?: boolean;
}
