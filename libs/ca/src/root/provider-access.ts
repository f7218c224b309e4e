import { BanyanError, type Logger } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import type { KeyEncryption } from '@banyan/store';
import { z } from 'zod';
import { withStoredSecrets } from '../domain/provider-options.js';
import { rootKeyContext } from '../adapters/ca-projection.js';
import type { RootAuthorityRow } from '../adapters/ca-rows.js';
import type { PreflightRequest, PreflightStep, RootProvider, RootProviderKind } from '../ports/root-provider.js';

/** A configuration with its secrets; exists in memory and sealed, never in an answer. */
export interface SecretConfiguration {
  readonly provider: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly forceWithoutCrossSigning: boolean;
}

/** A stored root, with what its key can be reached by. */
export interface OpenRoot {
  readonly row: RootAuthorityRow;
  readonly certificate: Certificate;
  readonly provider: RootProvider;
  readonly keyReference: string;
}

const sealedConfiguration = z.object({
  provider: z.string(),
  options: z.record(z.string(), z.unknown()),
  forceWithoutCrossSigning: z.boolean(),
});

/** Opens providers: by an operator's configuration for the next root, by what is sealed beside it for a stored one. */
export class ProviderAccess {
  constructor(
    private readonly kinds: ReadonlyMap<string, RootProviderKind>,
    private readonly keys: KeyEncryption,
    private readonly logger: Logger,
  ) {}

  /** `CA_PROVIDER_UNKNOWN` for a name that nobody bound. */
  kind(provider: string): RootProviderKind {
    const kind = this.kinds.get(provider) ?? this.kinds.get(`${provider.split(':')[0]}:*`);
    if (kind !== undefined) return kind;
    const known = [...this.kinds.keys()].join(', ');
    throw new BanyanError(
      'CA_PROVIDER_UNKNOWN',
      `could not initialize provider: unknown CA provider "${provider.slice(0, 64)}": this server knows ${known}`,
    );
  }

  open(row: RootAuthorityRow): OpenRoot {
    if (row.sealedKey === null) {
      throw new BanyanError('CA_UNINITIALIZED', `the key of root ${row.id} is not stored here`);
    }
    const { provider, options } = this.configurationOf(row) ?? { provider: row.provider, options: {} };
    return {
      row,
      certificate: Certificate.fromPem(row.certificatePem),
      provider: this.kind(provider).open(options),
      keyReference: this.keys.open(row.sealedKey, rootKeyContext(row.id)).toString('utf8'),
    };
  }

  /** The configuration that a root was made with; undefined for a root from before it was kept. */
  configurationOf(row: RootAuthorityRow): SecretConfiguration | undefined {
    if (row.sealedConfiguration === null) return undefined;
    const text = this.keys.open(row.sealedConfiguration, configurationContext(row.id)).toString('utf8');
    return sealedConfiguration.parse(JSON.parse(text));
  }

  /** Tries every call on throwaways; nothing to try where every call is made here. */
  async tried(
    { provider, options }: SecretConfiguration,
    request: PreflightRequest,
    signal: AbortSignal,
  ): Promise<readonly PreflightStep[]> {
    return (await this.kind(provider).preflight?.(options, request, signal)) ?? [];
  }

  seal(rootId: string, parts: { keyReference: string; configuration: SecretConfiguration }) {
    return {
      sealedKey: this.keys.seal(parts.keyReference, rootKeyContext(rootId)),
      sealedConfiguration: this.sealConfiguration(rootId, parts.configuration),
    };
  }

  sealConfiguration(rootId: string, configuration: SecretConfiguration): string {
    return this.keys.seal(JSON.stringify(configuration), configurationContext(rootId));
  }

  /** Puts the stored secrets where the operator wrote back the marker that stands for them. `CA_CONFIG_INVALID`. */
  withStoredSecrets(change: SecretConfiguration, stored: SecretConfiguration | undefined): SecretConfiguration {
    const known = stored?.provider === change.provider ? stored.options : undefined;
    return { ...change, options: withStoredSecrets(this.kind(change.provider), change.options, known) };
  }

  /** Destroys a key that no root needs any more. A provider that cannot is named: the key is to be destroyed by hand. */
  async destroy(row: RootAuthorityRow, signal: AbortSignal): Promise<void> {
    if (row.sealedKey === null) return;
    try {
      const { provider, keyReference } = this.open(row);
      await provider.destroy(keyReference, signal);
    } catch (error) {
      if (!(error instanceof BanyanError)) throw error;
      this.logger.warn('the key of a retired root was not destroyed at its provider, destroy it there by hand', {
        root: row.id,
        provider: row.provider,
        code: error.code,
        reason: error.message,
      });
    }
  }
}

const configurationContext = (rootId: string): string => `root-configuration:${rootId}`;
