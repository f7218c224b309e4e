import type { WriteContext } from '@banyan/acl';
import { ReplicationDesk, type ReplicationView, type TokenCheck } from '@banyan/http-api';
import { BanyanError, durationMs, epochMs, type SecretText, stateIndex } from '@banyan/kernel';
import type { StreamStatus } from '@banyan/replication';

const AT = epochMs(1_767_225_600_000);

const stream = (name: string, change: Partial<StreamStatus> = {}): StreamStatus => ({
  stream: name,
  state: 'READY',
  reason: '',
  source: 'dc1',
  epoch: '3d0d7f1a-3b0e-4a53-8a7b-0f0ac2d7b001',
  appliedIndex: stateIndex(640),
  sourceIndex: stateIndex(655),
  changedIndex: stateIndex(630),
  lagIndex: 15,
  lagMs: 1_250,
  lastSuccessAt: AT,
  lastAttemptAt: AT,
  consecutiveFailures: 0,
  items: 3,
  quarantined: 0,
  ...change,
});

/** Replication of a secondary whose status is fixed, and that keeps what was decided. */
export class MemoryReplication extends ReplicationDesk {
  readonly decisions: string[] = [];
  role: ReplicationView['role'] = 'secondary';

  override view(): Promise<ReplicationView> {
    const held = {
      stream: 'intentions',
      code: 'REPLICATION_HELD',
      reason: 'the round would delete 40 of 50 records, more than 25 %',
      hash: 'held-hash',
      deletions: [{ topic: 'intention', key: 'web' }],
      localCount: 50,
      since: AT,
    } as const;
    return Promise.resolve({
      datacenter: 'dc2',
      role: this.role,
      source: 'dc1',
      state: 'DEGRADED',
      reason: 'intentions: much',
      server: 'dc2-server-1',
      ageMs: 20,
      // The primary follows nobody.
      streams:
        this.role === 'primary'
          ? []
          : [
              stream('tokens', { lastErrorAt: AT, lastErrorCode: 'ACL_NOT_FOUND', lastErrorReason: 'ACL not found' }),
              stream('intentions', { state: 'DEGRADED', code: 'REPLICATION_HELD', reason: held.reason, held }),
            ],
      holds: [held],
      quarantine: [
        {
          stream: 'tokens',
          topic: 'token',
          key: 'k',
          contentHash: 'h',
          code: 'REQUEST_INVALID',
          reason: 'no token',
          since: AT,
        },
      ],
      alarms: [{ code: 'REPLICATION_HELD', reason: 'intentions: much', at: AT }],
      canary: { state: 'GREEN', sequence: 7, answeredAt: AT, roundTripMs: 12, objectiveMs: durationMs(10_000) },
      token: { accessorId: 'a', origin: 'api', scopes: [], isWider: true, checkedAt: AT },
    });
  }

  override confirm(_context: WriteContext, name: string, hash: string): Promise<{ readonly deleted: number }> {
    if (hash !== 'held-hash') return Promise.reject(new BanyanError('REPLICATION_DIFF_STALE', 'look again'));
    this.decisions.push(`confirm ${name}`);
    return Promise.resolve({ deleted: 1 });
  }

  override adopt(_context: WriteContext, hash: string): Promise<void> {
    this.decisions.push(`adopt ${hash}`);
    return Promise.resolve();
  }

  override useToken(
    _context: WriteContext,
    token: SecretText,
    { force }: { readonly force: boolean },
  ): Promise<TokenCheck> {
    this.decisions.push(`token of ${token.reveal().length} characters${force ? ' by force' : ''}`);
    return Promise.resolve({ checked: !force, reason: force ? 'not asked' : '' });
  }

  override renewEpoch({ accessorId }: WriteContext): Promise<void> {
    this.decisions.push(`epoch by ${accessorId.length === 36}`);
    return Promise.resolve();
  }
}
