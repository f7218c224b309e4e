import { type Issuance, IssuanceRecorder, type Requester } from '@banyan/ca';

/** Records in memory; `failure` makes the next entries fail, as a database that is away does. */
export class MemoryIssuances extends IssuanceRecorder {
  readonly entries: Issuance[] = [];
  failure: Error | undefined;

  override async record(issuance: Issuance): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.entries.push(issuance);
  }
}

/** Somebody on node n1, asking for the first time. */
export const someRequester: Requester = {
  accessorId: '00000000-aaaa-4000-8000-000000000001',
  node: 'n1',
  reason: 'first',
};
