import { readAnchor, readTextFile } from '@banyan/boot';
import { BanyanError, SecretText } from '@banyan/kernel';
import { IntermediateIssuer, type IntermediateRequest, type IssuedIntermediate } from '@banyan/ca';
import { FirstContact, type SignIntermediateRequest, type WanClient } from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { wanAdvertise } from '../core/server-settings.js';
import type { SecondarySettings } from './secondary-settings.js';

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
  async signIntermediate(csrPem: string, signal: AbortSignal): Promise<IssuedIntermediate> {
    const request: SignIntermediateRequest = {
      token: this.token(),
      datacenter: this.core.datacenter,
      csrPem,
      wanAddress: wanAdvertise(this.core.settings),
    };
    const reply = this.#canCallAsOurselves()
      ? await this.wan.signIntermediate(request, { signal })
      : await this.#signAtFirstContact(request, signal);
    return { certificatePem: reply.certificatePem, rootId: reply.rootId };
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

  #firstContact(signal: AbortSignal): Promise<FirstContact> {
    return FirstContact.open({
      address: this.settings.BANYAN_PRIMARY_WAN_ADDRESS,
      datacenter: this.settings.BANYAN_PRIMARY_DATACENTER,
      anchor: this.#anchor(),
      clock: this.core.ambient.clock,
      signal,
      unreachable: 'DATACENTER_UNREACHABLE',
    });
  }

  /** Once we have a bundle of our own it is the anchor; the pin is for the first time. */
  #anchor(): { pin: string } | { caPem: string } {
    const { roots } = this.core.ca.state;
    if (roots.length > 0) return { caPem: roots.map((root) => root.certificate.pem).join('') };
    return readAnchor(this.settings);
  }
}

/** The secondary's intermediate is signed by the primary; the key never leaves this datacenter. */
export class WanIntermediateIssuer extends IntermediateIssuer {
  constructor(private readonly link: PrimaryLink) {
    super();
  }

  override issue({ csrPem }: IntermediateRequest, signal: AbortSignal): Promise<IssuedIntermediate> {
    return this.link.signIntermediate(csrPem, signal);
  }
}
