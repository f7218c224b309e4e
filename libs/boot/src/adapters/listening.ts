import { BanyanError } from '@banyan/kernel';
import type { HostPort } from '@banyan/settings';

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** Plain HTTP carries tokens, so it stays on loopback unless the operator says by name that the network is private. */
export const requireSafeBind = (bind: HostPort, allowed: boolean): void => {
  if (allowed || LOOPBACK.test(bind.host)) return;
  throw new BanyanError(
    'CONFIG_INVALID',
    `BANYAN_HTTP_BIND is ${bind.host}:${bind.port}: plain HTTP beyond loopback would carry tokens in the clear. Bind to 127.0.0.1, or set BANYAN_HTTP_ALLOW_PLAIN_BIND=true on a network that is private`,
  );
};

/** Listens, and turns a taken port into an error that names the setting. */
export const listening = async (setting: string, address: string, open: () => Promise<unknown>): Promise<void> => {
  try {
    await open();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE' && !String(cause).includes('EADDRINUSE')) throw cause;
    throw new BanyanError(
      'PORT_IN_USE',
      `the address ${address} is in use by another process: stop it or change ${setting}`,
      { cause },
    );
  }
};
