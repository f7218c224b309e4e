import { BanyanError, type Clock } from '@banyan/kernel';
import { type ChannelCredentials, Client, type ServiceError } from '@grpc/grpc-js';
import type { z } from 'zod';
import { errorOf, type UnreachableCode } from '../wire/error-status.js';
import { CHANNEL_OPTIONS } from './channel-options.js';
import { invoke, type Method } from './invoke.js';

/** Whom a newcomer calls. */
export interface BootstrapTarget {
  /** host:port */
  readonly address: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Code of transport failures, default `SERVER_UNREACHABLE`. */
  readonly unreachable?: UnreachableCode;
}

/** Calls over one channel, with failures translated. */
export class BootstrapCalls {
  readonly #client: Client;

  constructor(
    private readonly target: BootstrapTarget,
    credentials: ChannelCredentials,
    /** Why the handshake was refused, if it was. */
    private readonly refusal: () => BanyanError | undefined,
  ) {
    this.#client = new Client(target.address, credentials, CHANNEL_OPTIONS);
  }

  async call<R extends z.ZodType>(method: Method<R>, request: object, limitMs: number): Promise<z.output<R>> {
    const { clock, signal, unreachable } = this.target;
    try {
      return await invoke(method, request, { client: this.#client, deadline: clock.now() + limitMs, signal });
    } catch (error) {
      if (error instanceof BanyanError) throw error;
      throw this.refusal() ?? errorOf(error as ServiceError, unreachable ?? 'SERVER_UNREACHABLE');
    }
  }

  close(): void {
    this.#client.close();
  }
}
