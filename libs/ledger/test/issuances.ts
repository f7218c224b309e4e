import type { Issuance } from '@banyan/ca';
import { type EpochMs, epochMs, HOUR, SilentLogger, SystemRandom, SystemTimers } from '@banyan/kernel';
import { openStore, type Store } from '@banyan/store';
import { testKeyEncryption } from '@banyan/testkit';
import { LedgerWriter } from '../src/index.js';

export const START = epochMs(Date.UTC(2031, 0, 1));
export const R1 = '11:11';
export const R2 = '22:22';

let serials = 0;

/** A leaf of `web` on n1, but for what is given. */
export const leafOf = (
  part: Partial<Issuance> & { readonly accessorId?: string; readonly node?: string } = {},
): Issuance => {
  const { accessorId = 'aaaa', node = 'n1', ...rest } = part;
  const subject = rest.subject ?? 'web';
  const issuedAt: EpochMs = rest.issuedAt ?? START;
  serials += 1;
  return {
    kind: 'service',
    serialHex: `40:${serials
      .toString(16)
      .padStart(6, '0')
      .replaceAll(/(..)(?=.)/g, '$1:')}`,
    uri: `spiffe://td.consul/ns/default/dc/dc1/svc/${subject}`,
    subject,
    issuerKeyId: 'aa:01',
    rootId: R1,
    requester: { accessorId, node, reason: 'first' },
    notBefore: issuedAt,
    notAfter: epochMs(issuedAt + 72 * HOUR),
    issuedAt,
    ...rest,
  };
};

export const writerOn = (store: Store, server = 'server-1'): LedgerWriter =>
  new LedgerWriter({ datacenter: 'dc1', server, store, timers: new SystemTimers() });

/** A store on a database that exists already: another server of the datacenter. */
export const secondStore = (url: string): Promise<Store> =>
  openStore({
    url,
    entities: [],
    logger: new SilentLogger(),
    keyEncryption: testKeyEncryption(),
    random: new SystemRandom(),
    poolSize: 4,
  });
