import { readAnchor, readTextFile } from '@banyan/boot';
import { BanyanError, isBanyanError, SecretText } from '@banyan/kernel';
import { IntermediateIssuer, type IntermediateRequest, type IssuedIntermediate } from '@banyan/ca';
import { FirstContact, type SignIntermediateRequest, type WanClient } from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { wanAdvertise } from '../core/server-settings.js';
import type { SecondarySettings } from './secondary-settings.js';

/** The primary's name: as it is set, else as it was learned at first contact. */
export const primaryName = (core: DatacenterCore, settings: SecondarySettings): string | undefined =>
  settings.BANYAN_PRIMARY_DATACENTER ?? core.ca.state.primaryDatacenter;

/** What first contact by the bundle fails with when no root of it stands above the primary any more. */
const ESTRANGED = [
  'PEER_UNAUTHENTICATED',
  'ROOT_TAINTED',
  'ROOT_UNVOUCHED',
  'TRANSITION_INVALID',
  'CHAIN_EXPIRED',
] as const;

/** How this datacenter reaches its primary: at first by the pin and the token, later with its own certificate. */
export class PrimaryLink {
  constructor(
    private readonly core: DatacenterCore,
    private readonly settings: SecondarySettings,
    private readonly client: () => WanClient,
  ) {}

  /** Read fresh each time, so that a new token is used without a restart. */
  token(): SecretText {
    const file = this.settings.BANYAN_REPLICATION_TOKEN_PATH;
    if (file !== undefined) return new SecretText(readTextFile('BANYAN_REPLICATION_TOKEN_FILE', file));
    if (this.settings.BANYAN_REPLICATION_TOKEN !== undefined) return this.settings.BANYAN_REPLICATION_TOKEN;
    throw new BanyanError('CONFIG_INVALID', 'BANYAN_REPLICATION_TOKEN or BANYAN_REPLICATION_TOKEN_FILE is not set');
  }

  /** The primary's clock, as a message from there has just told it. */
  heard(theirMs: number): void {
    this.core.clocks.heard('the primary', theirMs);
  }

  get wan(): WanClient {
    return this.client();
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
      token: this.token(),
      datacenter: this.core.datacenter,
      csrPem,
      wanAddress: wanAdvertise(this.core.settings),
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
      this.core.ambient.logger.warn(
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
    const { active } = this.core.ca.state;
    return (
      this.core.identity.rotating.material !== undefined &&
      active !== undefined &&
      active.certificate.notAfter > this.core.ambient.clock.now()
    );
  }

  /**
   * By our own bundle once there is one, or by what its roots led to. A datacenter that slept through rotations may find
   * that nothing leads on from any of them: then the configured pin decides, as on the first day.
   */
  async #firstContact(signal: AbortSignal): Promise<FirstContact> {
    const { roots } = this.core.ca.state;
    if (roots.length === 0) return this.#meet(readAnchor(this.settings), signal);
    try {
      return await this.#meet({ caPem: roots.map((root) => root.certificate.pem).join('') }, signal);
    } catch (error) {
      if (!isBanyanError(error, ...ESTRANGED)) throw error;
      this.core.ambient.logger.warn('no root of the bundle stands above the primary: the configured pin decides', {
        code: error.code,
        reason: error.message,
      });
      return this.#meet(readAnchor(this.settings), signal);
    }
  }

  async #meet(anchor: { pin: string } | { caPem: string }, signal: AbortSignal): Promise<FirstContact> {
    const name = primaryName(this.core, this.settings);
    const contact = await FirstContact.open({
      address: this.settings.BANYAN_PRIMARY_WAN_ADDRESS,
      ...(name !== undefined && { datacenter: name }),
      anchor,
      clock: this.core.ambient.clock,
      signal,
      unreachable: 'DATACENTER_UNREACHABLE',
    });
    if (contact.recovery !== undefined)
      this.core.ambient.logger.warn('trust recovered by transitions', { ...contact.recovery });
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
