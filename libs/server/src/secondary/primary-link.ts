import { readAnchor } from '@banyan/boot';
import { BanyanError, isBanyanError, type SecretText } from '@banyan/kernel';
import { IntermediateIssuer, type IntermediateRequest, type IssuedIntermediate } from '@banyan/ca';
import { ESTRANGED, FirstContact, type SignIntermediateRequest, type WanClient } from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';
import type { ReplicationToken, TokenOrigin } from './replication-token.js';
import type { SecondarySettings } from './secondary-settings.js';

/** The primary's name: as it is set, else as it was learned at first contact. Never our own, of when we stood alone. */
export const primaryName = (core: DatacenterCore, settings: SecondarySettings): string | undefined => {
  const learned = core.ca.state.primaryDatacenter;
  return settings.BANYAN_PRIMARY_DATACENTER ?? (learned === core.datacenter ? undefined : learned);
};

/** What {@link PrimaryLink} needs. */
export interface PrimaryLinkParts {
  readonly core: DatacenterCore;
  readonly settings: SecondarySettings;
  /** The client of the WAN. Throws `DATACENTER_UNREACHABLE` before the primary is known. */
  readonly client: () => WanClient;
  readonly tokens: Pick<ReplicationToken, 'read'>;
}

/** How this datacenter reaches its primary: at first by the pin and the token, later with its own certificate. */
export class PrimaryLink {
  constructor(private readonly parts: PrimaryLinkParts) {}

  /** Read fresh each time, so that a new token is used without a restart. Throws `CONFIG_INVALID` when there is none. */
  token(): Promise<{ readonly secret: SecretText; readonly origin: TokenOrigin }> {
    return this.parts.tokens.read();
  }

  /** The primary's clock, as a message from there has just told it. */
  heard(theirMs: number): void {
    this.parts.core.clocks.heard('the primary', theirMs);
  }

  get wan(): WanClient {
    return this.parts.client();
  }

  /** What the primary says of the trust domain and its roots, over a channel that the pin proves. */
  async firstBundle(signal: AbortSignal): Promise<string> {
    const contact = await this.#firstContact(signal);
    try {
      const { bundleJson } = contact.roots;
      if (bundleJson === undefined || bundleJson === '')
        throw new BanyanError('CA_UNINITIALIZED', 'the primary has no root yet');
      return bundleJson;
    } finally {
      contact.close();
    }
  }

  /** Has an intermediate signed. */
  async signIntermediate(
    { csrPem, rootId: wanted }: IntermediateRequest,
    signal: AbortSignal,
  ): Promise<IssuedIntermediate> {
    const request: SignIntermediateRequest = {
      token: (await this.token()).secret,
      datacenter: this.parts.core.datacenter,
      csrPem,
      wanAddress: this.parts.core.membership.wanAddresses().join(','),
      rootId: wanted,
    };
    const { certificatePem, rootId } = await this.#sign(request, signal);
    return { certificatePem, rootId };
  }

  async #sign(request: SignIntermediateRequest, signal: AbortSignal): Promise<IssuedIntermediate> {
    if (!this.#canCallAsOurselves()) return this.#signAtFirstContact(request, signal);
    try {
      return await this.wan.signIntermediate(request, { signal });
    } catch (error) {
      if (!isBanyanError(error, 'PEER_UNAUTHENTICATED')) throw error;
      this.parts.core.ambient.logger.warn(
        'ISSUER_NOT_TRUSTED: the primary and this datacenter no longer trust each other, it enrols again',
        {
          reason: error.message,
        },
      );
      return this.#signAtFirstContact(request, signal);
    }
  }

  async #signAtFirstContact(request: SignIntermediateRequest, signal: AbortSignal): Promise<IssuedIntermediate> {
    const contact = await this.#firstContact(signal);
    try {
      return await contact.signIntermediate(request);
    } finally {
      contact.close();
    }
  }

  #canCallAsOurselves(): boolean {
    const { active } = this.parts.core.ca.state;
    return (
      this.parts.core.identity.rotating.material !== undefined &&
      active !== undefined &&
      active.certificate.notAfter > this.parts.core.ambient.clock.now()
    );
  }

  /**
   * By our own bundle once there is one, or by what its roots led to. A datacenter that slept through rotations may find
   * that nothing leads on from any of them: then the configured pin decides, as on the first day.
   */
  async #firstContact(signal: AbortSignal): Promise<FirstContact> {
    const { roots } = this.parts.core.ca.state;
    if (roots.length === 0) return this.#meet(readAnchor(this.parts.settings), signal);
    try {
      return await this.#meet({ caPem: roots.map((root) => root.certificate.pem).join('') }, signal);
    } catch (error) {
      if (!isBanyanError(error, ...ESTRANGED)) throw error;
      this.parts.core.ambient.logger.warn(
        'no root of the bundle stands above the primary: the configured pin decides',
        {
          code: error.code,
          reason: error.message,
        },
      );
      return this.#meet(readAnchor(this.parts.settings), signal);
    }
  }

  /** One server after the other, until one can be reached. */
  async #meet(anchor: { pin: string } | { caPem: string }, signal: AbortSignal): Promise<FirstContact> {
    const addresses = this.parts.settings.BANYAN_PRIMARY_WAN_ADDRESS;
    for (const [place, address] of addresses.entries()) {
      try {
        return await this.#meetAt(address, anchor, signal);
      } catch (error) {
        if (!isBanyanError(error, 'DATACENTER_UNREACHABLE') || place === addresses.length - 1) throw error;
      }
    }
    throw new BanyanError('CONFIG_INVALID', 'BANYAN_PRIMARY_WAN_ADDRESS names no server');
  }

  async #meetAt(
    address: string,
    anchor: { pin: string } | { caPem: string },
    signal: AbortSignal,
  ): Promise<FirstContact> {
    const name = primaryName(this.parts.core, this.parts.settings);
    const contact = await FirstContact.open({
      address,
      ...(name !== undefined && { datacenter: name }),
      anchor,
      clock: this.parts.core.ambient.clock,
      signal,
      unreachable: 'DATACENTER_UNREACHABLE',
    });
    if (contact.recovery !== undefined)
      this.parts.core.ambient.logger.warn('trust recovered by transitions', { ...contact.recovery });
    return contact;
  }
}

/** The secondary's intermediate is signed by the primary; the key never leaves this datacenter. */
export class WanIntermediateIssuer extends IntermediateIssuer {
  constructor(private readonly link: PrimaryLink) {
    super();
  }

  override issue(request: IntermediateRequest, signal: AbortSignal): Promise<IssuedIntermediate> {
    return this.link.signIntermediate(request, signal);
  }
}
