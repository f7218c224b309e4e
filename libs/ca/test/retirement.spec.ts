import { epochMs, HOUR, MINUTE } from '@banyan/kernel';
import { createCsr, generateKeyPair, parseCertificates } from '@banyan/pki';
import { FakeTime, someRequester, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type AuthorityReport, CA_ENTITIES } from '../src/index.js';
import { type CaBench, openCaBench } from './ca-bench.js';
import { changeRoot } from './change-root.js';

const stores = withTestStore(CA_ENTITIES);

describe('the end of a root, on PostgreSQL', () => {
  let time: FakeTime;
  let bench: CaBench;
  beforeEach(async () => {
    time = new FakeTime();
    bench = await openCaBench(await stores.open(), time.clock);
  });
  afterEach(() => bench.stop());

  const rotate = async (bits: number): Promise<void> => {
    await changeRoot(bench, {
      provider: 'consul',
      options: { PrivateKeyBits: bits },
      forceWithoutCrossSigning: false,
    });
    await bench.reconcile();
  };
  const signLeaf = async () => {
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = `spiffe://${bench.projection.getTrustDomain().name}/ns/default/dc/dc1/svc/web`;
    return bench.leaves.issueOwn(bench.leaves.prepare(createCsr({ keyPair, uri })), someRequester);
  };
  const says = (signingRootId: string, horizons: AuthorityReport['horizons'] = {}): void => {
    bench.reports.said.set('dc2', { datacenter: 'dc2', signingRootId, horizons, reportedAt: time.now });
  };
  const sweep = async (): Promise<[string, string][]> => [...(await bench.retirement.sweep(bench.fence))];
  const storedRoots = async (): Promise<string[]> =>
    (await bench.store.dataSource.query('SELECT id FROM root_authority ORDER BY generation')).map(
      ({ id }: { id: string }) => id,
    );
  const bundle = (): string[] => bench.projection.state.roots.map((root) => root.id);

  it('comes once every datacenter has reported and the last leaf has ended; the key’s row goes with it', async () => {
    const [r1] = bundle() as [string];
    const leaf = await signLeaf();
    bench.reports.said.set('dc2', undefined);
    expect(await sweep()).toEqual([]);
    await rotate(384);
    const [, r2] = bundle() as [string, string];
    expect(await sweep()).toEqual([[r1, 'datacenter dc2 has not reported since the rotation']]);

    await time.advance(MINUTE);
    says(r1);
    expect(await sweep()).toEqual([[r1, 'datacenter dc2 still signs under it']]);
    says(r2, { [r1]: epochMs(time.now + HOUR) });
    expect((await sweep())[0]![1]).toContain('datacenter dc2 has leaves under it until ');
    await time.advance(HOUR);
    expect((await sweep())[0]![1]).toContain('datacenter dc1 has leaves under it until ');
    expect(parseCertificates((await signLeaf()).chainPem)).toHaveLength(3);

    await time.advance(leaf.certificate.notAfter - time.now);
    expect((await sweep())[0]![1]).toContain('datacenter dc1 has leaves under it until ');
    expect(await storedRoots()).toEqual([r1, r2]);
    await time.advance(8 * HOUR);
    expect(await sweep()).toEqual([]);
    expect(await storedRoots()).toEqual([r2]);
    expect(bundle()).toEqual([r2]);
    expect(parseCertificates((await signLeaf()).chainPem)).toHaveLength(2);
    expect(await sweep()).toEqual([]);
  });

  it('is written under the lease only', async () => {
    const [r1] = bundle() as [string];
    await rotate(384);
    await time.advance(MINUTE);
    const lost = { ...bench.fence, fencing: bench.fence.fencing - 1 };
    await expect(bench.retirement.sweep(lost)).rejects.toMatchObject({ name: 'BanyanError', code: 'LEASE_LOST' });
    expect(await storedRoots()).toHaveLength(2);
    expect(await sweep()).toEqual([]);
    expect(await storedRoots()).not.toContain(r1);
  });

  it('comes in the order of the roots, so that the cross-signed path to an earlier root stays whole', async () => {
    await signLeaf();
    await rotate(384);
    await rotate(521);
    const [r1, r2, r3] = bundle() as [string, string, string];
    await time.advance(MINUTE);
    expect(await sweep()).toEqual([
      [r1, expect.stringContaining('datacenter dc1 has leaves under it until ')],
      [r2, `the earlier root ${r1} is still in the bundle`],
    ]);
    expect(parseCertificates((await signLeaf()).chainPem)).toHaveLength(4);
    await time.advance(80 * HOUR);
    expect(await sweep()).toEqual([]);
    expect(bundle()).toEqual([r3]);
  });
});
