import {
  type IntermediateOrder,
  type ProvidedRoot,
  type ProviderCondition,
  RootProvider,
  type RootRequest,
} from '@banyan/ca';
import { after, BanyanError, isBanyanError } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import { wholeSecondsIso } from '../../domain/gmt-time.js';
import { parseKeyReference, type VaultKey, vaultKey } from '../../domain/key-reference.js';
import { acceptCrossSigned, acceptIntermediate, readProduct } from '../../domain/product-checks.js';
import {
  isAbsent,
  isUnknownReference,
  refusalOf,
  type VaultAnswer,
  type VaultCall,
} from '../../domain/vault-answers.js';
import type { VaultOptions } from '../../domain/vault-options.js';
import { certificateAnswer, issuerAnswer, issuersAnswer, shaped, type VaultIssuer } from '../../domain/vault-shapes.js';
import type { VaultSession } from './vault-session.js';

/** Everything banyan signs is backdated by a minute, for clocks that differ. */
const BACKDATE_S = 60;
/** How far apart our clock and Vault's may be where the difference counts. */
const SKEW_S = 5;
const ISSUING = 'issuing-certificates';

const isOk = ({ status }: VaultAnswer): boolean => status === 200 || status === 204;
const isOkOrAbsent = (answer: VaultAnswer): boolean => isOk(answer) || isAbsent(answer) || isUnknownReference(answer);

/**
 * A root in the PKI secrets engine of Vault or OpenBao (HTTP API, multi-issuer: Vault 1.11 or later). The key never leaves
 * it. Every call names the issuer by its ID.
 */
export class VaultProvider extends RootProvider {
  constructor(
    private readonly options: VaultOptions,
    private readonly session: () => VaultSession,
  ) {
    super();
  }

  override async provide(request: RootRequest, signal: AbortSignal): Promise<ProvidedRoot> {
    const { rootIssuer } = this.options;
    if (rootIssuer !== undefined) return this.#configured(rootIssuer, signal);
    const name = issuerNameOf(request.rotationId);
    const found = (await this.#issuerNamed(name, signal)) ?? (await this.#generate(name, request, signal));
    return provided(found, true);
  }

  override async signIntermediate(
    keyReference: string,
    order: IntermediateOrder,
    signal: AbortSignal,
  ): Promise<string> {
    const { issuerId } = parseKeyReference(vaultKey, keyReference);
    const call: VaultCall = {
      method: 'POST',
      path: `${this.options.mount}/issuer/${issuerId}/sign-intermediate`,
      body: {
        csr: order.csrPem,
        use_csr_values: false,
        common_name: order.commonName,
        exclude_cn_from_sans: true,
        uri_sans: order.uri,
        max_path_length: 0,
        not_after: wholeSecondsIso(order.notAfter),
        not_before_duration: `${backdateSeconds(order)}s`,
        format: 'pem',
      },
    };
    const { body } = await this.session().call(call, isOk, signal);
    return acceptIntermediate(shaped(certificateAnswer, call, body).data.certificate, order);
  }

  override async crossSign(
    keyReference: string,
    { nextRootPem }: { readonly nextRootPem: string },
    signal: AbortSignal,
  ): Promise<string> {
    const { issuerId } = parseKeyReference(vaultKey, keyReference);
    const call: VaultCall = {
      method: 'POST',
      path: `${this.options.mount}/issuer/${issuerId}/sign-self-issued`,
      // Roots of different key types vouch for each other as well.
      body: { certificate: nextRootPem, require_matching_certificate_algorithms: false },
      capabilities: ['update', 'sudo'],
    };
    const { body } = await this.session().call(call, isOk, signal);
    const issuer = readProduct((await this.#issuer(issuerId, signal)).certificate);
    return acceptCrossSigned(shaped(certificateAnswer, call, body).data.certificate, { nextRootPem, issuer });
  }

  override async inspect(
    keyReference: string,
    certificatePem: string,
    signal: AbortSignal,
  ): Promise<ProviderCondition> {
    try {
      const { issuerId, keyId } = parseKeyReference(vaultKey, keyReference);
      const issuer = await this.#findIssuer(issuerId, signal);
      const reason = driftOf(issuer, { keyId, certificate: Certificate.fromPem(certificatePem) });
      if (reason === undefined) return { kind: 'ready' };
      return { kind: 'drift', reason: `issuer ${issuerId} in ${this.options.mount}: ${reason}` };
    } catch (error) {
      if (!isBanyanError(error, 'PROVIDER_UNREACHABLE', 'PROVIDER_REFUSED')) throw error;
      return { kind: 'unreachable', reason: error.message };
    }
  }

  /** The issuer goes first: what is left after a crash in between is a key that nothing signs with. */
  override async destroy(keyReference: string, signal: AbortSignal): Promise<void> {
    const { issuerId, keyId, made } = parseKeyReference(vaultKey, keyReference);
    if (!made) return;
    const { mount } = this.options;
    await this.session().call({ method: 'DELETE', path: `${mount}/issuer/${issuerId}` }, isOkOrAbsent, signal);
    if (keyId === undefined) return;
    await this.session().call({ method: 'DELETE', path: `${mount}/key/${keyId}` }, isOkOrAbsent, signal);
  }

  async #configured(reference: string, signal: AbortSignal): Promise<ProvidedRoot> {
    const issuer = await this.#findIssuer(reference, signal);
    const where = `RootIssuer ${reference} in ${this.options.mount}`;
    if (issuer === undefined)
      throw new BanyanError('PROVIDER_REFUSED', `${where} does not exist: create it or name another`);
    const unfit = unfitness(issuer);
    if (unfit !== undefined) throw new BanyanError('PROVIDER_REFUSED', `${where}: ${unfit}`);
    return provided(issuer, false);
  }

  async #generate(name: string, request: RootRequest, signal: AbortSignal): Promise<VaultIssuer> {
    const { commonName, trustDomain, keySpec, now, lifetimeMs } = request;
    const call: VaultCall = {
      method: 'POST',
      path: `${this.options.mount}/issuers/generate/root/internal`,
      body: {
        issuer_name: name,
        key_name: name,
        common_name: commonName,
        exclude_cn_from_sans: true,
        uri_sans: `spiffe://${trustDomain}`,
        key_type: keySpec.type,
        key_bits: keySpec.bits,
        // An end rather than a TTL: the mount's longest lease would silently shorten the latter.
        not_after: wholeSecondsIso(after(now, lifetimeMs)),
        not_before_duration: `${BACKDATE_S}s`,
        format: 'pem',
      },
    };
    const answer = await this.session().call(call, ({ status }) => status === 200 || status === 400, signal);
    const made = await this.#issuerNamed(name, signal);
    // 400 with the name in use: another server was faster, with the same rotation.
    if (made === undefined) throw refusalOf(call, answer);
    return made;
  }

  async #issuerNamed(name: string, signal: AbortSignal): Promise<VaultIssuer | undefined> {
    const call: VaultCall = { method: 'LIST', path: `${this.options.mount}/issuers` };
    const answer = await this.session().call(call, (each) => isOk(each) || isAbsent(each), signal);
    if (!isOk(answer)) return undefined;
    const issuers = Object.entries(shaped(issuersAnswer, call, answer.body).data.key_info ?? {});
    const id = issuers.find(([, issuer]) => issuer.issuer_name === name)?.[0];
    return id === undefined ? undefined : this.#issuer(id, signal);
  }

  async #issuer(id: string, signal: AbortSignal): Promise<VaultIssuer> {
    const issuer = await this.#findIssuer(id, signal);
    if (issuer !== undefined) return issuer;
    throw new BanyanError('PROVIDER_REFUSED', `issuer ${id} is not in ${this.options.mount} any more`);
  }

  async #findIssuer(reference: string, signal: AbortSignal): Promise<VaultIssuer | undefined> {
    const call: VaultCall = { method: 'GET', path: `${this.options.mount}/issuer/${reference}` };
    const answer = await this.session().call(call, isOkOrAbsent, signal);
    return isOk(answer) ? shaped(issuerAnswer, call, answer.body).data : undefined;
  }
}

/** Vault's names have letters, digits, and a few signs; rotation IDs are UUIDs, but nothing rests on that. */
const issuerNameOf = (rotationId: string): string => `banyan-${rotationId.replaceAll(/[^A-Za-z0-9-]/g, '-')}`;

/** Vault signs nothing that begins before its issuer does: below a root of this minute there is less room. */
const backdateSeconds = ({ issuerPem, prepared }: IntermediateOrder): number => {
  const room = (prepared.notBefore - Certificate.fromPem(issuerPem).notBefore) / 1_000 + BACKDATE_S;
  return room >= BACKDATE_S + SKEW_S ? BACKDATE_S : Math.max(0, Math.floor(room) - SKEW_S);
};

const provided = (issuer: VaultIssuer, made: boolean): ProvidedRoot => {
  const key: VaultKey = {
    kind: 'vault',
    issuerId: issuer.issuer_id,
    ...(typeof issuer.key_id === 'string' && issuer.key_id !== '' && { keyId: issuer.key_id }),
    made,
  };
  return { certificatePem: readProduct(issuer.certificate).pem, keyReference: JSON.stringify(key) };
};

/** Why nothing can be signed with an issuer. */
const unfitness = ({ key_id: keyId, revoked, usage }: VaultIssuer): string | undefined => {
  if (keyId === undefined || keyId === null || keyId === '') return 'its key is not in this mount';
  if (revoked === true) return 'it is revoked';
  if (typeof usage === 'string' && !usage.split(',').includes(ISSUING)) return `its usage lacks ${ISSUING}`;
  return undefined;
};

const driftOf = (
  issuer: VaultIssuer | undefined,
  known: { readonly keyId: string | undefined; readonly certificate: Certificate },
): string | undefined => {
  if (issuer === undefined) {
    return 'it is gone. Was it deleted, or is this another Vault? A next root needs another RootPKIPath or a rotation';
  }
  if (!readProduct(issuer.certificate).equals(known.certificate)) return 'its certificate is another one';
  if (known.keyId !== undefined && issuer.key_id !== known.keyId) return 'its key is another one';
  return unfitness(issuer);
};
