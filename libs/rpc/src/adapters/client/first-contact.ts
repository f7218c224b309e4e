import { parseSpiffeId, type SpiffeId } from '@banyan/identity';
import { BanyanError, type Clock } from '@banyan/kernel';
import { Certificate, parseCertificates } from '@banyan/pki';
import { type ChannelCredentials, Client, type ServiceError } from '@grpc/grpc-js';
import type { z } from 'zod';
import {
  EnrolAgentReply,
  type EnrolAgentRequest,
  RootsReply,
  SignIntermediateReply,
  type SignIntermediateRequest,
} from '../../domain/messages/bootstrap-messages.js';
import { parsePin, pinMatches } from '../../domain/pin.js';
import { channelCredentials, unverifiedCredentials } from '../tls/channel-credentials.js';
import { errorOf, type UnreachableCode } from '../wire/error-status.js';
import { SERVICE } from '../wire/proto.js';
import { CHANNEL_OPTIONS } from './channel-options.js';
import { invoke, type Method } from './invoke.js';

/** Whom a newcomer meets first, and how it knows that it met the right one. */
export interface FirstContactOptions {
  /** host:port of any server of the datacenter. */
  readonly address: string;
  /** The datacenter that server must belong to; absent: any of the trust domain that the anchor stands for. */
  readonly datacenter?: string;
  /** The SHA-256 fingerprint of a root of the datacenter, or the roots themselves in PEM. */
  readonly anchor: { readonly pin: string } | { readonly caPem: string };
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Code of transport failures: `SERVER_UNREACHABLE` on LAN (default), `DATACENTER_UNREACHABLE` on WAN. */
  readonly unreachable?: UnreachableCode;
}

const CALL_MS = 10_000;
/** Signing a first intermediate may wait for an outside CA provider. */
const SIGN_MS = 30_000;

const service = SERVICE.bootstrap;
const ROOTS = { service, name: 'Roots', reply: RootsReply, repeatable: true } as const;
const ENROL_AGENT = { service, name: 'EnrolAgent', reply: EnrolAgentReply, repeatable: false } as const;
const SIGN_INTERMEDIATE = {
  service,
  name: 'SignIntermediate',
  reply: SignIntermediateReply,
  repeatable: false,
} as const;

/** A verified channel to a server's Bootstrap service: the only way on which a token is sent before we have a certificate. */
export class FirstContact {
  private constructor(
    private readonly calls: BootstrapCalls,
    /** What the server says over the verified channel. */
    readonly roots: RootsReply,
  ) {}

  /**
   * Reads the public roots without trusting them, picks the one the pin names, and opens a channel that trusts only that
   * root and only a server identity of the datacenter. Throws `PIN_MISMATCH`, `PEER_UNAUTHENTICATED`, `PEER_NOT_ALLOWED`,
   * `TRUST_DOMAIN_MISMATCH`, `CONFIG_INVALID` (a malformed pin), the unreachable code, `ABORTED`.
   */
  static async open(options: FirstContactOptions): Promise<FirstContact> {
    const anchors =
      'pin' in options.anchor
        ? [await pinnedRoot(options, options.anchor.pin)]
        : parseCertificates(options.anchor.caPem);
    const trustDomain = trustDomainOf(anchors);
    let refusal: BanyanError | undefined;
    const credentials = channelCredentials({
      rootsPem: anchors.map(({ pem }) => pem).join(''),
      rule: (server) => bootstrapServer(server, options.datacenter, trustDomain),
      onRefusal: (reason) => {
        refusal = reason;
      },
    });
    const calls = new BootstrapCalls(options, credentials, () => refusal);
    try {
      const roots = await calls.call(ROOTS, {}, CALL_MS);
      if (trustDomain !== undefined && roots.trustDomain !== trustDomain) {
        throw new BanyanError(
          'TRUST_DOMAIN_MISMATCH',
          `the server speaks of ${roots.trustDomain}, its root of ${trustDomain}`,
        );
      }
      if (options.datacenter !== undefined && roots.datacenter !== options.datacenter) {
        throw new BanyanError('PEER_NOT_ALLOWED', `the server is of datacenter ${roots.datacenter}`);
      }
      return new FirstContact(calls, roots);
    } catch (error) {
      calls.close();
      throw error;
    }
  }

  /** LAN servers only. Not repeated by itself: a token may be good for one use. */
  enrolAgent(request: EnrolAgentRequest): Promise<EnrolAgentReply> {
    return this.calls.call(ENROL_AGENT, request, SIGN_MS);
  }

  /** WAN servers only. */
  signIntermediate(request: SignIntermediateRequest): Promise<SignIntermediateReply> {
    return this.calls.call(SIGN_INTERMEDIATE, request, SIGN_MS);
  }

  close(): void {
    this.calls.close();
  }
}

/** Calls over one channel, with failures translated. */
class BootstrapCalls {
  readonly #client: Client;

  constructor(
    private readonly options: FirstContactOptions,
    credentials: ChannelCredentials,
    private readonly refusal: () => BanyanError | undefined,
  ) {
    this.#client = new Client(options.address, credentials, CHANNEL_OPTIONS);
  }

  async call<R extends z.ZodType>(method: Method<R>, request: object, limitMs: number): Promise<z.output<R>> {
    const { clock, signal, unreachable } = this.options;
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

const pinnedRoot = async (options: FirstContactOptions, pin: string): Promise<Certificate> => {
  parsePin(pin);
  const calls = new BootstrapCalls(options, unverifiedCredentials(), () => undefined);
  try {
    const { rootPems } = await calls.call(ROOTS, {}, CALL_MS);
    const root = rootPems
      .map((pem) => Certificate.fromPem(pem))
      .find((each) => pinMatches(pin, each.fingerprintSha256));
    if (root?.isCa !== true) {
      throw new BanyanError('PIN_MISMATCH', `no root of the server at ${options.address} has the pinned fingerprint`);
    }
    return root;
  } finally {
    calls.close();
  }
};

/** The trust domain a root of ours names in its URI; undefined for a root of an outside provider without one. */
const trustDomainOf = (anchors: readonly Certificate[]): string | undefined => {
  const uri = anchors.flatMap(({ uris }) => uris)[0];
  return uri === undefined ? undefined : parseSpiffeId(uri).trustDomain;
};

const bootstrapServer = (
  server: SpiffeId,
  datacenter: string | undefined,
  trustDomain: string | undefined,
): string | undefined => {
  if (server.kind !== 'server') return `a ${server.kind} identity is not a server`;
  if (datacenter !== undefined && server.datacenter !== datacenter) return `it is of datacenter ${server.datacenter}`;
  if (trustDomain !== undefined && server.trustDomain !== trustDomain) return 'it is of another trust domain';
  return undefined;
};
