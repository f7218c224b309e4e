import { BanyanError } from '@banyan/kernel';
import { answerLimitMs, DatacenterForwarder, type ForwardedAnswer, type ForwardedRequest } from '@banyan/http-kit';
import { WanClient } from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { REMOTE_ADDRESS_HEADER } from './rpc-acts.js';

/** What was configured first; what the datacenter told of itself (comma-separated) beside it, and never instead. */
export const addressesOf = (configured: readonly string[], told: string): readonly string[] => [
  ...new Set([...configured, ...told.split(',').filter((address) => address !== '')]),
];

/** The links to every other datacenter, opened on demand and kept; addresses follow the federation's directory, beside those that are configured. */
export class DatacenterLinks extends DatacenterForwarder {
  readonly #clients = new Map<string, WanClient>();

  constructor(
    private readonly core: DatacenterCore,
    /** Addresses known before the directory is: the primary's, in a secondary. */
    private readonly known: (datacenter: string) => readonly string[] = () => [],
  ) {
    super();
  }

  /** The link to a datacenter. Throws `DATACENTER_UNKNOWN`, or `DATACENTER_UNREACHABLE` while it has no address. */
  client(datacenter: string): WanClient {
    const record = this.core.datacenters.find(datacenter);
    const configured = this.known(datacenter);
    if (record === undefined && configured.length === 0) {
      throw new BanyanError('DATACENTER_UNKNOWN', `No path to datacenter "${datacenter}"`);
    }
    const addresses = addressesOf(configured, record?.wanAddress ?? '');
    if (addresses.length === 0) {
      throw new BanyanError('DATACENTER_UNREACHABLE', `datacenter ${datacenter} has not told its WAN address yet`);
    }
    return this.#opened(datacenter, addresses);
  }

  #opened(datacenter: string, addresses: readonly string[]): WanClient {
    const open = this.#clients.get(datacenter);
    if (open !== undefined) {
      open.setAddresses(addresses);
      return open;
    }
    const { identity, ambient } = this.core;
    const client = new WanClient({ addresses, identity: identity.rotating, datacenter, ...ambient });
    this.#clients.set(datacenter, client);
    return client;
  }

  override async forward(datacenter: string, request: ForwardedRequest): Promise<ForwardedAnswer> {
    return this.client(datacenter).forward(
      {
        method: request.method as 'GET',
        path: request.path,
        headers: {
          ...(request.token && { 'x-consul-token': request.token.reveal() }),
          [REMOTE_ADDRESS_HEADER]: request.remoteAddress,
        },
        body: request.body,
      },
      { signal: request.signal, deadlineMs: answerLimitMs(request.method, request.path) },
    );
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}
