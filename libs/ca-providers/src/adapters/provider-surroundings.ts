import type { Clock, Logger, Random, Timers } from '@banyan/kernel';

/** What providers need of the process they run in. */
export interface ProviderSurroundings {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}
