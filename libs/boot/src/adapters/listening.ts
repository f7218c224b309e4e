import { BanyanError, SecretText } from '@banyan/kernel';
import { addressText, type HostPort, path, toggle } from '@banyan/settings';
import { readTextFile } from './trust-anchor.js';

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** The settings of every HTTP edge. */
export const httpSettingsShape = {
  BANYAN_HTTP_TLS_CERT_FILE: path().describe('Certificate chain in PEM; with the key, the API speaks HTTPS.'),
  BANYAN_HTTP_TLS_KEY_FILE: path().describe('Private key in PEM of that certificate.'),
  BANYAN_HTTP_ALLOW_PLAIN_BIND: toggle(false).describe(
    'Allows plain HTTP on an address other than loopback, for a private network whose ports are not published.',
  ),
} as const;

export interface HttpSettings {
  readonly BANYAN_HTTP_BIND: HostPort;
  readonly BANYAN_HTTP_TLS_CERT_FILE?: string | undefined;
  readonly BANYAN_HTTP_TLS_KEY_FILE?: string | undefined;
  readonly BANYAN_HTTP_ALLOW_PLAIN_BIND: boolean;
}

/**
 * The TLS material of an HTTP edge; undefined for plain HTTP, which carries tokens and so stays on loopback unless the
 * operator says by name that the network is private. Throws `CONFIG_INVALID`.
 */
export const httpTls = (
  settings: HttpSettings,
): { readonly certPem: string; readonly keyPem: SecretText } | undefined => {
  const { BANYAN_HTTP_TLS_CERT_FILE: cert, BANYAN_HTTP_TLS_KEY_FILE: key, BANYAN_HTTP_BIND: bind } = settings;
  if ((cert === undefined) !== (key === undefined)) {
    throw new BanyanError(
      'CONFIG_INVALID',
      'BANYAN_HTTP_TLS_CERT_FILE and BANYAN_HTTP_TLS_KEY_FILE belong together: set both or neither',
    );
  }
  if (cert !== undefined && key !== undefined) {
    return {
      certPem: readTextFile('BANYAN_HTTP_TLS_CERT_FILE', cert),
      keyPem: new SecretText(readTextFile('BANYAN_HTTP_TLS_KEY_FILE', key)),
    };
  }
  if (settings.BANYAN_HTTP_ALLOW_PLAIN_BIND || LOOPBACK.test(bind.host)) return undefined;
  throw new BanyanError(
    'CONFIG_INVALID',
    `BANYAN_HTTP_BIND is ${addressText(bind)}: plain HTTP beyond loopback would carry tokens in the clear. Bind to 127.0.0.1, give BANYAN_HTTP_TLS_CERT_FILE and BANYAN_HTTP_TLS_KEY_FILE, or set BANYAN_HTTP_ALLOW_PLAIN_BIND=true on a network that is private`,
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
