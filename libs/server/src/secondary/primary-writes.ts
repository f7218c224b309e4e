import { BanyanError, ERROR_CODES, type ErrorCode, type SecretText, stateIndex } from '@banyan/kernel';
import type { Replicator } from '@banyan/replication';
import type { HttpReply } from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { REMOTE_ADDRESS_HEADER } from '../edges/rpc-acts.js';
import { WRITE_EPOCH_HEADER, WRITE_INDEX_HEADER } from '../edges/http-entrance.js';
import type { PrimaryLink } from './primary-link.js';
import type { PrimaryWrites } from './wan-writers.js';

/** Signing and rotation at the primary are bounded by 10 s; the rest is the WAN. */
const WRITE_LIMIT_MS = 20_000;
/** A write that was made but has not come back after so long is told as such: it is not lost. */
const COME_BACK_LIMIT_MS = 10_000;

/** Sends writes to the primary and waits until they have come back: whoever wrote here reads it here. */
export class WanPrimaryWrites implements PrimaryWrites {
  constructor(
    private readonly core: DatacenterCore,
    private readonly link: PrimaryLink,
    private readonly replicator: Replicator,
  ) {}

  async send(request: { method: 'POST' | 'PUT' | 'DELETE'; path: string; body?: unknown; token?: SecretText }) {
    const act = this.core.audit.recorder.current();
    const reply = await this.link.wan.forward(
      {
        method: request.method,
        path: request.path,
        headers: {
          ...(request.token && { 'x-consul-token': request.token.reveal() }),
          ...(act && { [REMOTE_ADDRESS_HEADER]: act.facts.remoteAddress }),
        },
        body: request.body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(request.body)),
      },
      { deadlineMs: WRITE_LIMIT_MS },
    );
    // The primary has recorded it, or its refusal.
    act?.executedElsewhere();
    const text = Buffer.from(reply.body).toString('utf8');
    if (reply.status >= 400) throw errorOf(reply, text);
    const epoch = reply.headers[WRITE_EPOCH_HEADER];
    const index = stateIndex(Number(reply.headers[WRITE_INDEX_HEADER] ?? 0));
    await this.replicator.applied({ index, ...(epoch !== undefined && { epoch }) }, COME_BACK_LIMIT_MS);
    return { text, index: this.core.follower.latest };
  }
}

/** The primary's refusal, with its own code and words. */
const errorOf = (reply: HttpReply, text: string): BanyanError => {
  const code = reply.headers['x-banyan-error'] ?? '';
  return new BanyanError(Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'INTERNAL', text);
};
