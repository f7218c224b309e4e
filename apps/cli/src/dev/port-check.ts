import { createServer } from 'node:net';
import { BanyanError } from '@banyan/kernel';
import type { PortUse } from './settings.js';

const isTaken = (port: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(true);
      else reject(error);
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(false)));
  });

/**
 * Binds and frees every port once, before anything is started. Throws `PORT_IN_USE` naming each taken port, what it is
 * for, and the setting to change.
 */
export const requireFreePorts = async (uses: readonly PortUse[]): Promise<void> => {
  const taken: PortUse[] = [];
  for (const use of uses) if (await isTaken(use.port)) taken.push(use);
  if (taken.length === 0) return;
  const lines = taken.map(
    (use) => `  127.0.0.1:${use.port} (${use.purpose}): stop what uses it, or set ${use.setting}`,
  );
  throw new BanyanError(
    'PORT_IN_USE',
    `nothing was started, because ${taken.length === 1 ? 'a port is' : 'ports are'} taken:\n${lines.join('\n')}\n` +
      '  BANYAN_DEV_PORT_OFFSET=10000 moves all of them at once.',
  );
};
