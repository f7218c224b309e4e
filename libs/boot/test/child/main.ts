import { createServer } from 'node:net';
import { runProcess } from '@banyan/boot';
import { BanyanError, SystemTimers } from '@banyan/kernel';

/** A process that does what its one argument says. */
const behaviour = process.argv[2];

const settings = () => {
  if (behaviour === 'misconfigured') throw new BanyanError('CONFIG_INVALID', 'BANYAN_X is not set');
  return {
    BANYAN_LOG_FORMAT: 'json',
    BANYAN_LOG_LEVEL: 'info',
    BANYAN_DATACENTER: 'dc1',
    BANYAN_NODE_NAME: 'n1',
  } as const;
};

await runProcess('child', settings, async (_settings, { logger, fail }) => {
  if (behaviour === 'port-taken') throw new BanyanError('PORT_IN_USE', 'the address 127.0.0.1:1 is in use');
  // Timers hold no process; what serves does.
  const serving = createServer().listen(0, '127.0.0.1');
  if (behaviour === 'fails-later') new SystemTimers().set(1, () => fail('the lease was lost'));
  if (behaviour === 'throws-later') {
    new SystemTimers().set(1, () => {
      throw new Error('a listener failed');
    });
  }
  if (behaviour === 'rejects-later') void Promise.reject(new Error('nobody looks at this'));
  await Promise.resolve();
  logger.info('running');
  return {
    stop: async () => {
      logger.info('stopping');
      await new SystemTimers().sleep(150, new AbortController().signal);
      serving.close();
      if (behaviour === 'stops-badly') throw new Error('the socket would not close');
    },
  };
});
