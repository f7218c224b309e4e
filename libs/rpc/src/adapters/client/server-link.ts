import type { Clock, Timers } from '@banyan/kernel';
import { type ChannelCredentials, Client, type ServiceError, status } from '@grpc/grpc-js';
import { PingReply } from '../../domain/messages/ping-messages.js';
import { CHANNEL_OPTIONS } from './channel-options.js';
import { invoke } from './invoke.js';

/** What a link needs. */
export interface ServerLinkOptions {
  /** host:port. */
  readonly address: string;
  readonly credentials: ChannelCredentials;
  /** The service that has the method `Ping`. */
  readonly service: string;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** While calls are under way, it is looked this often whether the server says anything. */
const LOOK_MS = 1_000;
/** A server that says nothing, and does not answer a ping for so long either, is passed over. */
const PING_LIMIT_MS = 2_000;
/** Streams may be quiet for minutes; three looks between pings keep 1,000 agents at about 300 pings a second. */
const QUIET_LOOKS_OF_STREAMS = 3;
/** A ping that took this much longer than its limit was late because of us: we were paused ourselves. */
const OWN_PAUSE_MS = 500;

/**
 * The connection to one server, and whether that server lives. A frozen process keeps its connections: its kernel takes
 * what is sent and nothing comes back. So while calls are under way and nothing is heard, the server is pinged; one that
 * does not answer is silent, which ends the calls that may be made elsewhere, until it is heard again. Slowness is no
 * silence: a server that answers pings is waited for, so that a load it cannot carry is not sent twice. Found after
 * 3 to 4 s, on a link with quiet streams only after 5 to 6 s.
 */
export class ServerLink {
  readonly client: Client;
  readonly #calls = new Set<WatchedCall>();
  #isLooking = false;
  #heard = true;
  #quietLooks = 0;
  #silent = false;
  #retired = false;

  constructor(private readonly options: ServerLinkOptions) {
    this.client = new Client(options.address, options.credentials, CHANNEL_OPTIONS);
  }

  get address(): string {
    return this.options.address;
  }

  /** Whether the server was found to be silent and was not heard since. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /**
   * Notes that a call begins. `movable`: it may be made at another server, so that silence aborts it. End it when the call
   * has ended.
   */
  begin(kind: 'unary' | 'stream', movable: boolean, outer: AbortSignal | undefined): WatchedCall {
    const call = new WatchedCall({
      kind,
      movable,
      outer,
      heard: () => this.#hear(),
      end: () => this.#ended(call),
    });
    this.#calls.add(call);
    this.#arm();
    return call;
  }

  /** For no new calls: those under way go on and are watched to their end, then the connection is closed. */
  retire(): void {
    this.#retired = true;
    if (this.#calls.size === 0) this.client.close();
  }

  #ended(call: WatchedCall): void {
    this.#calls.delete(call);
    if (this.#retired && this.#calls.size === 0) this.client.close();
  }

  #hear(): void {
    this.#heard = true;
    this.#silent = false;
  }

  #arm(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.options.timers.set(LOOK_MS, () => {
      void this.#look().then((again) => {
        this.#isLooking = false;
        if (again || this.#calls.size > 0) this.#arm();
      });
    });
  }

  /** True while there is something to look for. */
  async #look(): Promise<boolean> {
    if (this.#calls.size === 0 && (!this.#silent || this.#retired)) return false;
    if (this.#heard) this.#quietLooks = 0;
    else this.#quietLooks += 1;
    this.#heard = false;
    const patience = [...this.#calls].some(({ kind }) => kind === 'unary') || this.#silent ? 1 : QUIET_LOOKS_OF_STREAMS;
    if (this.#quietLooks >= patience) await this.#ping();
    return this.#silent;
  }

  async #ping(): Promise<void> {
    const { clock, service } = this.options;
    const sentAt = clock.now();
    const method = { service, name: 'Ping', reply: PingReply, repeatable: true };
    try {
      await invoke(method, {}, { client: this.client, deadline: sentAt + PING_LIMIT_MS, signal: undefined });
      this.#hear();
    } catch (error) {
      if (isAnswer(error)) this.#hear();
      const weWerePaused = clock.now() - sentAt > PING_LIMIT_MS + OWN_PAUSE_MS;
      if (this.#heard || weWerePaused || !isSilence(error)) return;
      this.#silent = true;
      for (const call of this.#calls) call.silence();
    }
  }
}

interface WatchedCallParts {
  readonly kind: 'unary' | 'stream';
  readonly movable: boolean;
  /** The caller's own signal. */
  readonly outer: AbortSignal | undefined;
  readonly heard: () => void;
  readonly end: () => void;
}

/** One call under way. */
export class WatchedCall {
  readonly #abort = new AbortController();
  readonly #onOuter: () => void;
  #fell = false;

  constructor(private readonly parts: WatchedCallParts) {
    const { outer } = parts;
    this.#onOuter = () => this.#abort.abort(outer?.reason);
    if (outer?.aborted) this.#onOuter();
    else outer?.addEventListener('abort', this.#onOuter, { once: true });
  }

  get kind(): 'unary' | 'stream' {
    return this.parts.kind;
  }

  /** Aborted when the caller's is, and when the server has fallen silent. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The call was given up because its server is silent. */
  get fell(): boolean {
    return this.#fell;
  }

  /** The server has said something. */
  heard(): void {
    this.parts.heard();
  }

  /** The call failed: with an answer of the server, or without one. */
  failed(error: unknown): void {
    if (isAnswer(error)) this.parts.heard();
  }

  end(): void {
    this.parts.outer?.removeEventListener('abort', this.#onOuter);
    this.parts.end();
  }

  /** Told by the link. A write stays: whether it was made is known only to the server it was sent to. */
  silence(): void {
    if (!this.parts.movable || this.#abort.signal.aborted) return;
    this.#fell = true;
    this.#abort.abort();
  }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'metadata' in error ? (error as ServiceError).code : undefined;

/** A status that only the other side can have given. */
const isAnswer = (error: unknown): boolean => {
  const code = codeOf(error);
  return (
    code !== undefined && code !== status.UNAVAILABLE && code !== status.DEADLINE_EXCEEDED && code !== status.CANCELLED
  );
};

/** A lost connection is not silence: its calls have failed already, and the channel connects again. */
const isSilence = (error: unknown): boolean => codeOf(error) === status.DEADLINE_EXCEEDED;
