import { execFileSync } from 'node:child_process';

/**
 * P-256 signatures with one verification each that `openssl speed` makes in a second of CPU on one core: what a signer
 * that checks its CSR cannot beat. Takes about twice `seconds`. Throws when the command's answer cannot be read.
 */
export const opensslSignAndVerify = (seconds: number): number => {
  const text = execFileSync('openssl', ['speed', '-mr', '-seconds', String(seconds), 'ecdsap256'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [, signs, verifies] = /^\+F4:\d+:256:([\d.]+):([\d.]+)$/m.exec(text) ?? [];
  if (signs === undefined || verifies === undefined) throw new Error(`openssl speed answered: ${text}`);
  return 1 / (1 / Number(signs) + 1 / Number(verifies));
};
