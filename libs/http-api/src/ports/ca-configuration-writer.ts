import type { WriteContext } from '@banyan/acl';

/** A configuration of the CA, as an operator writes it. */
export interface CaConfigurationChange {
  readonly provider: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly forceWithoutCrossSigning: boolean;
}

/** Where the CA is configured: at the root in the primary, over the WAN in a secondary. */
export abstract class CaConfigurationWriter {
  /** Resolves when the change holds here; a change of root when this datacenter signs under it. Throws `CA_*` codes. */
  abstract configure(context: WriteContext, change: CaConfigurationChange): Promise<void>;
}
