import { BanyanError, type Clock } from '@banyan/kernel';
import { Client, type ServiceError } from '@grpc/grpc-js';
import type { z } from 'zod';
import { serverOf } from '../../domain/peer-rule.js';
import { channelCredentials } from '../tls/channel-credentials.js';
import type { RotatingIdentity } from '../tls/rotating-identity.js';
import { errorOf, isTransportFailure, type UnreachableCode } from '../wire/error-status.js';
import { CHANNEL_OPTIONS } from './channel-options.js';
import { firstReady, stateOf } from './connectivity.js';
import { type Invocation, invoke, invokeStream, type Method, throwIfAborted } from './invoke.js';

/** How a client reaches servers of one datacenter. */
export interface RpcClientOptions {
  /** host:port of each server; calls go round them, and past those that don't answer. At least one. */
  readonly addresses: readonly string[];
  /** Our own material; while it is empty every call fails with the unreachable code. */
  readonly identity: RotatingIdentity;
  /** The datacenter whose servers these must prove to be. */
  readonly datacenter: string;
  readonly clock: Clock;
}

/** Limits of one call. */
export interface RpcCallOptions {
  readonly signal?: AbortSignal;
  /** Until the answer, connecting included. Default 10 s; streams have none. Unit ms. */
  readonly deadlineMs?: number;
}

/** Health of a client: the best of its connections. */
export type RpcState = 'ready' | 'connecting' | 'idle' | 'unreachable' | 'no-identity' | 'closed';

const DEADLINE_MS = 10_000;
/** A stream's connection must stand within this. */
const CONNECT_MS = 10_000;

/** The connections made with one certificate. */
interface Generation {
  readonly clients: readonly Client[];
  /** Why the last handshake was refused, if one was. */
  refusal: BanyanError | undefined;
}

/**
 * Connections to the servers of a datacenter, made anew when the identity is rotated: calls that are under way finish on
 * the old ones, later calls use the new certificate and bundle.
 */
export class RpcChannel {
  #generation: Generation | undefined;
  #turn = 0;
  #closed = false;
  #addresses: readonly string[];
  readonly #stopListening: () => void;

  constructor(
    private readonly options: RpcClientOptions,
    private readonly unreachable: UnreachableCode,
  ) {
    this.#addresses = checkedAddresses(options.addresses);
    this.#stopListening = options.identity.onRotated(() => this.#renew());
    this.#renew();
  }

  get state(): RpcState {
    if (this.#closed) return 'closed';
    return this.#generation === undefined ? 'no-identity' : stateOf(this.#generation.clients);
  }

  /** Replaces the list of servers; calls under way go on. Throws `CONFIG_INVALID` for an empty list. */
  setAddresses(addresses: readonly string[]): void {
    this.#addresses = checkedAddresses(addresses);
    this.#renew();
  }

  /** Ends all connections once their calls have ended; later calls are refused with `ABORTED`. */
  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#retire();
  }

  async unary<R extends z.ZodType>(
    method: Method<R>,
    request: object,
    options: RpcCallOptions = {},
  ): Promise<z.output<R>> {
    const deadline = this.options.clock.now() + (options.deadlineMs ?? DEADLINE_MS);
    const tried = new Set<Client>();
    for (;;) {
      const client = await this.#connected(deadline, options.signal, tried);
      try {
        return await invoke(method, request, { client, deadline, signal: options.signal });
      } catch (error) {
        tried.add(client);
        if (!this.#mayRepeat(error, method, tried)) throw this.#translated(error);
      }
    }
  }

  async *stream<R extends z.ZodType>(
    method: Method<R>,
    request: object,
    options: Pick<RpcCallOptions, 'signal'> = {},
  ): AsyncGenerator<z.output<R>, void, void> {
    const client = await this.#connected(this.options.clock.now() + CONNECT_MS, options.signal, new Set());
    const to: Invocation = { client, deadline: Infinity, signal: options.signal };
    try {
      yield* invokeStream(method, request, to);
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #mayRepeat(error: unknown, method: Method<z.ZodType>, tried: ReadonlySet<Client>): boolean {
    const untried = this.#generation?.clients.some((client) => !tried.has(client)) ?? false;
    return untried && method.repeatable && isServiceError(error) && isTransportFailure(error);
  }

  #translated(error: unknown): unknown {
    return isServiceError(error) ? errorOf(error, this.unreachable) : error;
  }

  /** A connected client, chosen in turn. Throws the unreachable code, a refusal of the handshake, or `ABORTED`. */
  async #connected(deadline: number, signal: AbortSignal | undefined, tried: ReadonlySet<Client>): Promise<Client> {
    for (;;) {
      throwIfAborted(signal);
      const generation = this.#current();
      const candidates = inTurn(generation.clients, this.#turn++).filter((client) => !tried.has(client));
      const client = await firstReady(candidates, deadline, signal);
      if (client !== undefined && generation === this.#generation) return client;
      throwIfAborted(signal);
      if (generation !== this.#generation) continue;
      throw (
        generation.refusal ??
        new BanyanError(
          this.unreachable,
          `no server of ${this.options.datacenter} answers at ${this.#addresses.join(', ')}`,
        )
      );
    }
  }

  #current(): Generation {
    if (this.#closed) throw new BanyanError('ABORTED', 'the client is closed');
    if (this.#generation !== undefined) return this.#generation;
    throw new BanyanError(this.unreachable, 'this process has no certificate to connect with yet');
  }

  #renew(): void {
    if (this.#closed) return;
    this.#retire();
    const { identity, datacenter } = this.options;
    const { material, id } = identity;
    if (material === undefined || id === undefined) return;
    const generation: Generation = { clients: [], refusal: undefined };
    const credentials = channelCredentials({
      pair: material,
      rootsPem: material.bundlePem,
      rule: serverOf({ trustDomain: id.trustDomain, datacenter }),
      onRefusal: (refusal) => {
        generation.refusal = refusal;
      },
      onAccepted: () => {
        generation.refusal = undefined;
      },
    });
    const clients = this.#addresses.map((address) => new Client(address, credentials, CHANNEL_OPTIONS));
    this.#generation = Object.assign(generation, { clients });
  }

  #retire(): void {
    for (const client of this.#generation?.clients ?? []) client.close();
    this.#generation = undefined;
  }
}

const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && 'metadata' in error && 'details' in error;

const inTurn = <T>(all: readonly T[], turn: number): T[] => {
  const first = turn % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
};

const checkedAddresses = (addresses: readonly string[]): readonly string[] => {
  if (addresses.length === 0) throw new BanyanError('CONFIG_INVALID', 'a client needs at least one server address');
  for (const address of addresses) {
    if (!/^[^\s/]+:\d{1,5}$/.test(address)) throw new BanyanError('CONFIG_INVALID', `not host:port: ${address}`);
  }
  return [...addresses];
};
