import { parseSpiffeId, type SpiffeId } from '@banyan/identity';
import { BanyanError, type Clock, isBanyanError, skewOf } from '@banyan/kernel';
import { type Certificate, parseCertificates } from '@banyan/pki';
import {
  EnrolAgentReply,
  type EnrolAgentRequest,
  RootsReply,
  SignIntermediateReply,
  type SignIntermediateRequest,
} from '../../domain/messages/bootstrap-messages.js';
import { parsePin } from '../../domain/pin.js';
import { channelCredentials, unverifiedCredentials } from '../tls/channel-credentials.js';
import type { UnreachableCode } from '../wire/error-status.js';
import { SERVICE } from '../wire/proto.js';
import { BootstrapCalls } from './bootstrap-calls.js';
import { type FoundTrust, type TrustRecovery, trustOfKnown, trustOfPin } from './trust-recovery.js';

/**
 * What first contact by roots that are known fails with when none of them stands above the server, or leads to one that
 * does. Another anchor may.
 */
export const ESTRANGED = [
  'PEER_UNAUTHENTICATED',
  'ROOT_TAINTED',
  'ROOT_UNVOUCHED',
  'TRANSITION_INVALID',
  'CHAIN_EXPIRED',
] as const;

/** Whom a newcomer meets first, and how it knows that it met the right one. */
export interface FirstContactOptions {
  /** host:port of any server of the datacenter. */
  readonly address: string;
  /** The datacenter that server must belong to; absent: any of the trust domain that the anchor stands for. */
  readonly datacenter?: string;
  /** The SHA-256 fingerprint of a root of the datacenter, or the roots themselves in PEM. */
  readonly anchor: { readonly pin: string } | { readonly caPem: string };
  /** Keys that are known to be denied (SHA-256 of the SubjectPublicKeyInfo, colon hex): nothing leads through them. */
  readonly deniedKeys?: readonly string[];
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
    /** Set when the anchor was retired meanwhile, and led to a present root. */
    readonly recovery?: TrustRecovery,
  ) {}

  /**
   * Finds the root to trust, and opens a channel that trusts only that root and only a server identity of the datacenter.
   * With a pin, the public roots are read without trusting them first. An anchor that was retired meanwhile is followed
   * along the keys that vouched for the next roots, to one that is presented. Throws `PIN_MISMATCH`, `PEER_UNAUTHENTICATED`,
   * `PEER_NOT_ALLOWED`, `TRUST_DOMAIN_MISMATCH`, `CONFIG_INVALID` (a malformed pin), `ROOT_TAINTED`, `ROOT_UNVOUCHED`,
   * `TRANSITION_INVALID`, `CLOCK_SKEW`, the unreachable code, `ABORTED`.
   */
  static async open(options: FirstContactOptions): Promise<FirstContact> {
    const { anchor, address, clock } = options;
    const asked = { address, now: clock.now(), deniedKeys: new Set(options.deniedKeys) };
    if ('pin' in anchor) {
      parsePin(anchor.pin);
      const presented = await untrustedRoots(options);
      try {
        return await FirstContact.#meet(options, trustOfPin(anchor.pin, presented, asked));
      } catch (error) {
        throw skewBehind(error, presented, clock) ?? error;
      }
    }
    const known = parseCertificates(anchor.caPem);
    try {
      return await FirstContact.#meet(options, { anchors: known });
    } catch (refusal) {
      if (!isBanyanError(refusal, 'PEER_UNAUTHENTICATED')) throw refusal;
      const presented = await untrustedRoots(options);
      const skew = skewBehind(refusal, presented, clock);
      if (skew !== undefined) throw skew;
      return FirstContact.#meet(options, trustOfKnown(known, presented, { ...asked, refusal }));
    }
  }

  static async #meet(options: FirstContactOptions, { anchors, recovery }: FoundTrust): Promise<FirstContact> {
    const trustDomain = trustDomainOf(anchors);
    let refusal: BanyanError | undefined;
    const credentials = channelCredentials({
      rootsPem: anchors.map(({ pem }) => pem).join(''),
      deniedKeys: options.deniedKeys ?? [],
      clock: options.clock,
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
      return new FirstContact(calls, roots, recovery);
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

/** What the server says of its roots, over a channel that proves nothing. */
const untrustedRoots = async (options: FirstContactOptions): Promise<RootsReply> => {
  const calls = new BootstrapCalls(options, unverifiedCredentials(), () => undefined);
  try {
    return await calls.call(ROOTS, {}, CALL_MS);
  } finally {
    calls.close();
  }
};

/** OpenSSL's verdicts that a wrong clock leads to. */
const OUT_OF_TIME = /CERT_NOT_YET_VALID|CERT_HAS_EXPIRED/;

/**
 * `CLOCK_SKEW` in place of a refusal for reasons of time, when the two clocks differ enough to explain it. What the server
 * says of its clock is not proven: it makes a better message, and never a decision.
 */
const skewBehind = (error: unknown, { serverMs }: RootsReply, clock: Clock): BanyanError | undefined => {
  if (serverMs === undefined || serverMs === 0 || !isBanyanError(error)) return undefined;
  const { code, message } = error;
  const ofTime =
    code === 'CHAIN_NOT_YET_VALID' ||
    code === 'CHAIN_EXPIRED' ||
    (code === 'PEER_UNAUTHENTICATED' && OUT_OF_TIME.test(message));
  const skew = skewOf(clock.now() - serverMs);
  if (!ofTime || skew === undefined) return undefined;
  return new BanyanError(
    'CLOCK_SKEW',
    `our clock is ${skew} the server's, so its certificates seem out of their time`,
    {
      cause: error,
    },
  );
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
