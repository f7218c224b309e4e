import { injectHttp, watchHttp } from '@banyan/http-kit';
import type { SecretText } from '@banyan/kernel';
import type { WatchEvent } from '@banyan/rpc';
import type { INestApplication } from '@nestjs/common';
import type { DatacenterCore } from '../core/datacenter-core.js';
import type { WatchEntrance } from './lan-service.js';

/** On answers carried by gRPC: the index of this datacenter that includes the request's own write. */
export const WRITE_INDEX_HEADER = 'x-banyan-index';

/** The epoch that this index is of: one of another epoch says nothing about the write. */
export const WRITE_EPOCH_HEADER = 'x-banyan-epoch';

/** Headers that go on over gRPC; the connection's own stay behind. */
const CARRIED = /^(?:x-|content-type$|age$|retry-after$|allow$)/;

/** The HTTP API of this server for requests that arrive by gRPC. */
export class InjectedHttp implements WatchEntrance {
  constructor(
    private readonly app: INestApplication,
    private readonly core: DatacenterCore,
  ) {}

  async inject(request: Parameters<WatchEntrance['inject']>[0]) {
    const answer = await injectHttp(this.app, request);
    const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => CARRIED.test(name)));
    return {
      status: answer.status,
      headers: {
        ...headers,
        [WRITE_INDEX_HEADER]: String(this.core.follower.latest),
        [WRITE_EPOCH_HEADER]: this.core.store.epoch,
      },
      body: answer.body,
    };
  }

  watch(path: string, token: SecretText | undefined, signal: AbortSignal): AsyncIterable<WatchEvent> {
    return watchHttp({ app: this.app, path, token, signal, origin: 'agent' });
  }
}
