import type { EpochMs } from '@banyan/kernel';
import type { CanaryView } from './replication-desk.js';

/** A server, as it is told to other datacenters. */
export interface FederatedServer {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly alive: boolean;
  /** Names of the leases it holds. */
  readonly leases: readonly string[];
}

/** The intermediate a datacenter signs with; public. */
export interface FederatedIntermediate {
  /** `ab:cd:…` */
  readonly serialHex: string;
  /** Subject key identifier, `ab:cd:…`. */
  readonly keyId: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  readonly pem: string;
  /** DER bytes of what a leaf carries beside itself: the intermediate and the cross-signed certificates in use. */
  readonly chainBytes: number;
}

/** What a datacenter says of itself. */
export interface DatacenterStanding {
  /** A named state: `READY`, or what keeps it from being that. */
  readonly state: string;
  readonly reason: string;
  readonly servers: readonly FederatedServer[];
  readonly agents: {
    readonly total: number;
    readonly live: number;
    /** Live agents by the version they run. */
    readonly versions: Readonly<Record<string, number>>;
  };
  /** Absent before the first intermediate, like what follows. */
  readonly signingRootId?: string;
  readonly intermediate?: FederatedIntermediate;
  /** Holders of live leaves by root, by the ledger. */
  readonly leaves: Readonly<Record<string, number>>;
}

/** How the datacenter that answers hears of another one. */
export interface DatacenterLink {
  readonly state: 'up' | 'down' | 'self' | 'unknown';
  readonly lastContactMs?: number;
}

/** One datacenter, as the one that answers knows it. */
export interface DatacenterEntry {
  readonly name: string;
  readonly role: 'primary' | 'secondary';
  readonly wanAddresses: readonly string[];
  readonly link: DatacenterLink;
  /** Absent where nothing is known but the name; then `state` and `reason` say so. */
  readonly standing?: DatacenterStanding;
  readonly state: string;
  readonly reason: string;
  /** What of the primary's changes it has not applied; absent for the primary and while it is unknown. */
  readonly lag?: { readonly index: number; readonly ms?: number };
  readonly canary?: CanaryView;
  /** When it said this; absent for the datacenter that answers. */
  readonly reportedAt?: EpochMs;
}

/** The federation as one of its datacenters knows it: the primary all of it, a secondary itself and its tie to the primary. */
export interface FederationView {
  readonly datacenter: string;
  /** Empty while it is unknown. */
  readonly primaryDatacenter: string;
  readonly trustDomain: string;
  /** The own one first. */
  readonly datacenters: readonly DatacenterEntry[];
}

/** Which datacenters there are, and how each is. Throws `STORE_UNREACHABLE`. */
export abstract class FederationDirectory {
  abstract read(): Promise<FederationView>;
}
