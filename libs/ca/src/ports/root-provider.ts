import type { KeySpec, PreparedCertificate } from '@banyan/pki';
import type { EpochMs, ErrorCode, Random } from '@banyan/kernel';

/** What a root shall be like. */
export interface RootRequest {
  /** Names the work: asked twice with one name, a provider returns what it made the first time where it can. */
  readonly rotationId: string;
  /** `<uuid>.consul` */
  readonly trustDomain: string;
  readonly commonName: string;
  readonly keySpec: KeySpec;
  readonly lifetimeMs: number;
  readonly now: EpochMs;
}

/** A root as its provider holds it. */
export interface ProvidedRoot {
  readonly certificatePem: string;
  /**
   * How the provider finds the key again (for the built-in one: the key itself). Sealed at rest by the caller, given back
   * with every call, never logged.
   */
  readonly keyReference: string;
}

/** An intermediate to sign. What is signed must be what `prepared` says; the caller validates the product. */
export interface IntermediateOrder {
  /** The certificate as banyan has prepared it, for a provider that signs what it is given. */
  readonly prepared: PreparedCertificate;
  /** The PKCS#10, already verified, for a provider that makes the certificate itself. */
  readonly csrPem: string;
  readonly commonName: string;
  /** The one SPIFFE URI. */
  readonly uri: string;
  readonly notAfter: EpochMs;
  readonly issuerPem: string;
}

/** What a look at the provider found. DRIFT means the root was changed behind our back: alarm, never adopt. */
export type ProviderCondition =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'drift'; readonly reason: string };

/**
 * Where a root and its key live. One object per configuration; all calls take the key reference of the root meant. Fails
 * with `PROVIDER_UNREACHABLE` (try again), `PROVIDER_REFUSED` (a permission or a setting is wrong, the message says which),
 * `PROVIDER_CANNOT_CROSS_SIGN`.
 */
export abstract class RootProvider {
  /** Makes the root, or finds the configured one. */
  abstract provide(request: RootRequest, signal: AbortSignal): Promise<ProvidedRoot>;
  /** Signs an intermediate under the root; PEM. */
  abstract signIntermediate(keyReference: string, order: IntermediateOrder, signal: AbortSignal): Promise<string>;
  /** Certifies another root's key with this root: `prepared` is what it shall say; `nextRootPem` is that root. */
  abstract crossSign(
    keyReference: string,
    order: { readonly prepared: PreparedCertificate; readonly nextRootPem: string },
    signal: AbortSignal,
  ): Promise<string>;
  /** Whether the root at the provider still is the one we know. */
  abstract inspect(keyReference: string, certificatePem: string, signal: AbortSignal): Promise<ProviderCondition>;
  /** Destroys the key where the provider made it for us; an operator's own root is left alone. */
  abstract destroy(keyReference: string, signal: AbortSignal): Promise<void>;
}

/** What a look at everything a provider will be asked for is made with. */
export interface PreflightRequest {
  /** `<uuid>.consul` */
  readonly trustDomain: string;
  readonly keySpec: KeySpec;
  readonly now: EpochMs;
  readonly random: Random;
}

/** One call that was tried, on throwaways. */
export interface PreflightStep {
  readonly step: 'provide' | 'sign-intermediate' | 'cross-sign' | 'inspect' | 'destroy';
  /** `skipped`: not tried, the reason says why. */
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly code?: ErrorCode;
  /** For a person: what is wrong and what to do. */
  readonly reason?: string;
}

/** A kind of provider: reads its own options and opens it. Bound by name in the primary. */
export interface RootProviderKind {
  /** The name in the configuration: `consul`, `vault`, `aws-pca`, or `package:<npm name>`. */
  readonly name: string;
  /** The option names (in their documented spelling) that are its own, beside the common ones (`LeafCertTTL` …). */
  readonly optionNames: readonly string[];
  /**
   * Those of them that are secrets: replaced by `<hidden>` in everything that is read back. A dot reaches into a map, as in
   * `AuthMethod.Params.secret_id`. A secret identifies nothing.
   */
  readonly secretNames: readonly string[];
  /** Those that identify the root: a change of any needs a next root. */
  readonly identityNames: readonly string[];
  /**
   * Checks the options (all of them as they were written, the common ones too, secrets in clear) and opens the provider.
   * Throws `CA_CONFIG_INVALID`. Makes no call yet.
   */
  open(options: Readonly<Record<string, unknown>>): RootProvider;
  /**
   * Makes the exact calls of a rotation on throwaways, before anything depends on them; nothing of it stays. A failed call
   * is a step of the answer. Absent where every call is made here. Throws `CA_CONFIG_INVALID`, `ABORTED`.
   */
  preflight?(
    options: Readonly<Record<string, unknown>>,
    request: PreflightRequest,
    signal: AbortSignal,
  ): Promise<readonly PreflightStep[]>;
}
