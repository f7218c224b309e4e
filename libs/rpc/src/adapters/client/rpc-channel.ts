import { BanyanError, type Clock, SystemTimers, type Timers } from '@banyan/kernel';
import type { ChannelCredentials, Client, ServiceError } from '@grpc/grpc-js';
import type { z } from 'zod';
import { serverOf } from '../../domain/peer-rule.js';
import { channelCredentials } from '../tls/channel-credentials.js';
import type { RotatingIdentity } from '../tls/rotating-identity.js';
import { errorOf, isTransportFailure, type UnreachableCode } from '../wire/error-status.js';
import { firstReady, stateOf } from './connectivity.js';
import { invoke, invokeStream, type Method, throwIfAborted } from './invoke.js';
import { ServerLink, type WatchedCall } from './server-link.js';

/** How a client reaches servers of one datacenter. */
export interface RpcClientOptions {
  /** host:port of each server; calls go round them, and past those that don't answer. At least one. */
  readonly addresses: readonly string[];
  /** Our own material; while it is empty every call fails with the unreachable code. */
  readonly identity: RotatingIdentity;
  /** The datacenter whose servers these must prove to be. */
  readonly datacenter: string;
  readonly clock: Clock;
  readonly timers?: Timers;
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

/** What is fixed of a channel: the gRPC service that answers pings, and the code of transport failures. */
export interface RpcChannelKind {
  readonly service: string;
  readonly unreachable: UnreachableCode;
}

/** The connections made with one certificate. */
interface Generation {
  readonly credentials: ChannelCredentials;
  readonly links: readonly ServerLink[];
  /** Why the last handshake was refused, if one was. */
  readonly verdict: { refusal: BanyanError | undefined };
}

/**
 * Connections to the servers of a datacenter, made anew when the identity is rotated: calls that are under way finish on
 * the old ones, later calls use the new certificate and bundle. A server that is away or silent is passed over.
 */
export class RpcChannel {
  #generation: Generation | undefined;
  #turn = 0;
  #closed = false;
  #addresses: readonly string[];
  readonly #stopListening: () => void;

  constructor(
    private readonly options: RpcClientOptions,
    private readonly kind: RpcChannelKind,
  ) {
    this.#addresses = checkedAddresses(options.addresses);
    this.#stopListening = options.identity.onRotated(() => this.#renew());
    this.#renew();
  }

  get state(): RpcState {
    if (this.#closed) return 'closed';
    return this.#generation === undefined ? 'no-identity' : stateOf(clientsOf(this.#generation.links));
  }

  /** The servers that calls go round, as they are configured or were learned. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /**
   * Replaces the list of servers. Connections to servers that stay are kept; calls under way to those that leave it go
   * on. Throws `CONFIG_INVALID` for an empty list.
   */
  setAddresses(addresses: readonly string[]): void {
    const next = checkedAddresses(addresses);
    if (next.length === this.#addresses.length && next.every((address) => this.#addresses.includes(address))) return;
    this.#addresses = next;
    const generation = this.#generation;
    if (generation === undefined) return;
    const kept = new Map(generation.links.map((link) => [link.address, link]));
    const links = next.map((address) => kept.get(address) ?? this.#link(address, generation.credentials));
    this.#generation = { ...generation, links };
    for (const link of generation.links) if (!links.includes(link)) link.retire();
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
    const tried = new Set<ServerLink>();
    for (;;) {
      const link = await this.#connected(deadline, options.signal, tried);
      const call = link.begin('unary', method.repeatable, options.signal);
      try {
        const reply = await invoke(method, request, { client: link.client, deadline, signal: call.signal });
        call.heard();
        return reply;
      } catch (error) {
        call.failed(error);
        tried.add(link);
        if (!method.repeatable || !this.#isElsewhere(error, call, tried)) throw this.#translated(error, call, link);
      } finally {
        call.end();
      }
    }
  }

  async *stream<R extends z.ZodType>(
    method: Method<R>,
    request: object,
    options: Pick<RpcCallOptions, 'signal'> = {},
  ): AsyncGenerator<z.output<R>, void, void> {
    const link = await this.#connected(this.options.clock.now() + CONNECT_MS, options.signal, new Set());
    const call = link.begin('stream', true, options.signal);
    try {
      for await (const message of invokeStream(method, request, {
        client: link.client,
        deadline: Infinity,
        signal: call.signal,
      })) {
        call.heard();
        yield message;
      }
    } catch (error) {
      call.failed(error);
      throw this.#translated(error, call, link);
    } finally {
      call.end();
    }
  }

  /** Whether the call was lost on its way, and another server is left to try. */
  #isElsewhere(error: unknown, call: WatchedCall, tried: ReadonlySet<ServerLink>): boolean {
    const untried = this.#generation?.links.some((link) => !tried.has(link)) ?? false;
    const lost = call.fell || (isServiceError(error) && isTransportFailure(error));
    return untried && lost;
  }

  #translated(error: unknown, call: WatchedCall, link: ServerLink): unknown {
    if (call.fell) {
      return new BanyanError(this.kind.unreachable, `the server at ${link.address} has fallen silent`, {
        cause: error,
      });
    }
    return isServiceError(error) ? errorOf(error, this.kind.unreachable) : error;
  }

  /** A connected server, chosen in turn. Throws the unreachable code, a refusal of the handshake, or `ABORTED`. */
  async #connected(
    deadline: number,
    signal: AbortSignal | undefined,
    tried: ReadonlySet<ServerLink>,
  ): Promise<ServerLink> {
    for (;;) {
      throwIfAborted(signal);
      const generation = this.#current();
      const untried = inTurn(generation.links, this.#turn++).filter((link) => !tried.has(link));
      const audible = untried.filter((link) => !link.isSilent);
      const candidates = audible.length > 0 ? audible : untried;
      const client = await firstReady(clientsOf(candidates), deadline, signal);
      const link = candidates.find((candidate) => candidate.client === client);
      if (link !== undefined && generation === this.#generation) return link;
      throwIfAborted(signal);
      if (generation !== this.#generation) continue;
      throw (
        generation.verdict.refusal ??
        new BanyanError(
          this.kind.unreachable,
          `no server of ${this.options.datacenter} answers at ${this.#addresses.join(', ')}`,
        )
      );
    }
  }

  #current(): Generation {
    if (this.#closed) throw new BanyanError('ABORTED', 'the client is closed');
    if (this.#generation !== undefined) return this.#generation;
    throw new BanyanError(this.kind.unreachable, 'this process has no certificate to connect with yet');
  }

  #renew(): void {
    if (this.#closed) return;
    this.#retire();
    const { identity, datacenter, clock } = this.options;
    const { material, id } = identity;
    if (material === undefined || id === undefined) return;
    const verdict: Generation['verdict'] = { refusal: undefined };
    const credentials = channelCredentials({
      pair: material,
      rootsPem: material.bundlePem,
      deniedKeys: material.deniedKeys ?? [],
      clock,
      rule: serverOf({ trustDomain: id.trustDomain, datacenter }),
      onRefusal: (refusal) => {
        verdict.refusal = refusal;
      },
      onAccepted: () => {
        verdict.refusal = undefined;
      },
    });
    const links = this.#addresses.map((address) => this.#link(address, credentials));
    this.#generation = { credentials, links, verdict };
  }

  #link(address: string, credentials: ChannelCredentials): ServerLink {
    const { clock, timers = new SystemTimers() } = this.options;
    return new ServerLink({ address, credentials, service: this.kind.service, clock, timers });
  }

  #retire(): void {
    for (const link of this.#generation?.links ?? []) link.retire();
    this.#generation = undefined;
  }
}

const clientsOf = (links: readonly ServerLink[]): Client[] => links.map(({ client }) => client);

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
  return [...new Set(addresses)];
};
