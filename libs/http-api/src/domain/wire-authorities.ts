import { crossSignedPath, type RootRecord } from '@banyan/ca';
import type { EpochMs } from '@banyan/kernel';
import type { DatacenterEntry } from '../ports/federation-directory.js';
import { lifeUsed } from './life-used.js';
import { wireIntermediate } from './wire-federation.js';

/** What {@link wireAuthorities} shows. */
export interface AuthoritiesView {
  /** The bundle, in order of generation. */
  readonly roots: readonly RootRecord[];
  readonly datacenters: readonly DatacenterEntry[];
  readonly now: EpochMs;
}

/** `GET /v1/connect/ca/authorities`: the tree of trust, from the roots to how many leaves are under each. */
export const wireAuthorities = ({ roots, datacenters, now }: AuthoritiesView): object => ({
  Roots: roots.map((root) => wireRoot(root, roots, now)),
  Datacenters: datacenters.map(({ name, standing }) => ({
    Datacenter: name,
    SigningRootID: standing?.signingRootId ?? '',
    Intermediate:
      standing?.intermediate === undefined
        ? null
        : { ...wireIntermediate(standing.intermediate, now), PEM: standing.intermediate.pem },
    ChainBytes: standing?.intermediate?.chainBytes ?? null,
    Leaves: standing?.leaves ?? {},
  })),
});

const wireRoot = (root: RootRecord, bundle: readonly RootRecord[], now: EpochMs): object => {
  const { certificate } = root;
  return {
    ID: root.id,
    Name: root.name,
    State: root.state,
    Tainted: root.taintedAt !== undefined,
    Provider: root.provider,
    Fingerprint: certificate.fingerprintSha256,
    KeyType: root.privateKeyType,
    KeyBits: root.privateKeyBits,
    SerialNumber: certificate.serialHex,
    NotBefore: new Date(certificate.notBefore).toISOString(),
    NotAfter: new Date(certificate.notAfter).toISOString(),
    LifeUsed: lifeUsed(certificate, now),
    PEM: certificate.pem,
    // The way to the earlier roots of the bundle, as chains under this root carry it.
    CrossSignedPEM: crossSignedPath(root, bundle).map(({ pem }) => pem),
  };
};
