import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs, HOUR, SilentLogger, SystemRandom, SystemTimers } from '@banyan/kernel';
import { LedgerWriter } from '@banyan/ledger';
import { issue, parseCsr, prepareLeaf } from '@banyan/pki';
import { EmbeddedPostgres, KeyEncryption, openStore } from '@banyan/store';
import { type Comparison, compare } from './rounds.js';
import { makeIntermediate, makeRequests } from './signing.js';

/** Callers at once, as at the edge: each waits for its entry before its leaf is signed. */
const CALLERS = 64;

export interface LedgerComparison extends Comparison {
  /** Commits per leaf, over the whole run. */
  readonly commitsPerLeaf: number;
}

/** Signs until the CPU time of this process is used up; `record` runs before each signature. */
const leafSigner = async (record: (leaf: ReturnType<typeof prepareLeaf>, uri: string) => Promise<void>) => {
  const random = new SystemRandom();
  const now = epochMs(Date.now());
  const issuer = await makeIntermediate(random, now);
  const requests = await makeRequests();
  let next = 0;
  const signOne = async (): Promise<void> => {
    const request = parseCsr(requests[next++ % requests.length]!);
    const prepared = prepareLeaf({ request, issuer: issuer.certificate, lifetimeMs: 72 * HOUR, now, random });
    await record(prepared, request.uris[0]!);
    await issue(prepared, issuer.signer);
  };
  return async (seconds: number): Promise<number> => {
    const startedAt = process.cpuUsage();
    const usedSeconds = (): number => {
      const { user, system } = process.cpuUsage(startedAt);
      return (user + system) / 1e6;
    };
    let count = 0;
    const caller = async (): Promise<void> => {
      while (usedSeconds() < seconds) {
        await signOne();
        count += 1;
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return count / usedSeconds();
  };
};

/** Leaves with their entry in the ledger of a real PostgreSQL, which waits for the disk, against leaves without. */
export const compareLedger = async (rounds: number, seconds: number): Promise<LedgerComparison> => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-bench-ledger-'));
  chmodSync(folder, 0o711);
  const postgres = await EmbeddedPostgres.start({ dataDir: join(folder, 'pg') });
  const store = await openStore({
    url: postgres.url,
    entities: [],
    logger: new SilentLogger(),
    keyEncryption: KeyEncryption.fromKey(Buffer.alloc(32, 7)),
    random: new SystemRandom(),
  });
  try {
    const writer = new LedgerWriter({ datacenter: 'dc1', server: 'bench', store, timers: new SystemTimers() });
    const requester = { accessorId: '00000000-aaaa-4000-8000-000000000001', node: 'n1', reason: 'renewal' } as const;
    const recorded = await leafSigner(({ serialHex, notBefore, notAfter }, uri) =>
      writer.record({
        kind: 'service',
        serialHex,
        uri,
        subject: uri.slice(uri.lastIndexOf('/') + 1),
        issuerKeyId: 'aa:bb',
        rootId: 'cc:dd',
        requester,
        notBefore,
        notAfter,
        issuedAt: notBefore,
      }),
    );
    const bare = await leafSigner(async () => {});
    await recorded(seconds / 2); // warms the compiler; not counted
    await bare(seconds / 2);
    const before = { ...writer.counts };
    const comparison = await compare(
      rounds,
      () => recorded(seconds),
      () => bare(seconds),
    );
    const { batches, entries } = writer.counts;
    return { ...comparison, commitsPerLeaf: (batches - before.batches) / (entries - before.entries) };
  } finally {
    await store.close();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};
