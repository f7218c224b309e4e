import { type EpochMs, epochMs, SilentLogger, SystemRandom, SystemTimers } from '@banyan/kernel';
import { openStore, type Store } from '@banyan/store';
import { testKeyEncryption } from '@banyan/testkit';
import { type ActFacts, type AuditEntry, type AuditRecord, AuditTrail, type AuditTrailOptions } from '../src/index.js';
import { chainedRecords } from '../src/domain/audit-entry.js';
import { wholeTrail } from '../src/domain/audit-check.js';
import { serverGenesis } from '../src/domain/audit-entry.js';

export const START = epochMs(Date.UTC(2031, 0, 1));

export const factsOf = (part: Partial<ActFacts> = {}): ActFacts => ({
  action: 'intention.write',
  accessorId: 'acc-1',
  tokenName: 'ada',
  remoteAddress: '10.0.0.9:4711',
  method: 'PUT',
  path: '/v1/connect/intentions/exact',
  target: 'intention/web/api',
  before: null,
  after: { Action: 'allow' },
  ...part,
});

export const recordOf = (part: Partial<AuditRecord> = {}): AuditRecord => ({
  ...factsOf(),
  at: START,
  result: 'ok',
  code: '',
  ...part,
});

/** A trail that these servers wrote in this order. */
export const trailOf = (servers: readonly string[], datacenter = 'dc1'): AuditEntry[] => {
  const entries: AuditEntry[] = [];
  let joined = wholeTrail(datacenter).datacenter;
  for (const server of servers) {
    const own = entries.findLast((entry) => entry.server === server);
    const place = own ? { seq: own.serverSeq, hash: own.hash } : { seq: 0, hash: serverGenesis(datacenter, server) };
    const record = recordOf({ target: `intention/web/s${entries.length}` });
    const [entry] = chainedRecords({ datacenter: joined, server: place }, [record], { datacenter, server });
    entries.push(entry!);
    joined = { seq: entry!.seq, hash: entry!.hash };
  }
  return entries;
};

/** A clock that a test sets. */
export const clockAt = (now: { at: EpochMs }) => ({ now: () => now.at, monotonicMs: () => now.at });

export const trailOn = (store: Store, part: Partial<AuditTrailOptions> = {}): AuditTrail =>
  new AuditTrail({
    datacenter: 'dc1',
    server: 'server-1',
    store,
    clock: clockAt({ at: START }),
    timers: new SystemTimers(),
    logger: new SilentLogger(),
    onFailure: 'warn',
    ...part,
  });

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
