import { BanyanError } from '@banyan/kernel';
import { answerLimitMs, DatacenterForwarder, type ForwardedAnswer, type ForwardedRequest } from '@banyan/http-kit';
import { WanClient } from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** The links to every other datacenter, opened on demand and kept; addresses follow the federation's directory. */
export class DatacenterLinks extends DatacenterForwarder {
  readonly #clients = new Map<string, { readonly address: string; readonly client: WanClient }>();

  constructor(
    private readonly core: DatacenterCore,
    /** Addresses known before the directory is: the primary's, in a secondary. */
    private readonly known: (datacenter: string) => string | undefined = () => undefined,
  ) {
    super();
  }

  /** The link to a datacenter. Throws `DATACENTER_UNKNOWN`, or `DATACENTER_UNREACHABLE` while it has no address. */
  client(datacenter: string): WanClient {
    const record = this.core.datacenters.find(datacenter);
    const address = this.known(datacenter) ?? record?.wanAddress;
    if (address === undefined) throw new BanyanError('DATACENTER_UNKNOWN', `No path to datacenter "${datacenter}"`);
    if (address === '') {
      throw new BanyanError('DATACENTER_UNREACHABLE', `datacenter ${datacenter} has not told its WAN address yet`);
    }
    const open = this.#clients.get(datacenter);
    if (open?.address === address) return open.client;
    open?.client.close();
    const client = new WanClient({
      addresses: [address],
      identity: this.core.identity.rotating,
      datacenter,
      clock: this.core.ambient.clock,
    });
    this.#clients.set(datacenter, { address, client });
    return client;
  }

  override async forward(datacenter: string, request: ForwardedRequest): Promise<ForwardedAnswer> {
    return this.client(datacenter).forward(
      {
        method: request.method as 'GET',
        path: request.path,
        headers: request.token === undefined ? {} : { 'x-consul-token': request.token.reveal() },
        body: request.body,
      },
      { signal: request.signal, deadlineMs: answerLimitMs(request.method, request.path) },
    );
  }

  close(): void {
    for (const { client } of this.#clients.values()) client.close();
  }
}
