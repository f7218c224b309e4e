import { type Logger, messageOf } from '@banyan/kernel';

/**
 * Runs `take` on each value until the watch ends. What `take` throws is a defect: it is logged and the next value is
 * taken, since a watch that ended would leave earlier certificates in use for ever.
 */
export const follow = async <T>(values: AsyncIterable<T>, take: (value: T) => void, logger: Logger): Promise<void> => {
  try {
    for await (const value of values) {
      try {
        take(value);
      } catch (error) {
        logger.error('a value could not be taken', { reason: messageOf(error) });
      }
    }
  } catch (error) {
    logger.error('a watch ended', { reason: messageOf(error) });
  }
};
