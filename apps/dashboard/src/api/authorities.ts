import type { IntermediateOf, Life } from './federation.js';

export interface RootAuthority extends Life {
  readonly ID: string;
  readonly Name: string;
  readonly State: 'active' | 'next' | 'inactive';
  readonly Tainted: boolean;
  readonly Provider: string;
  /** SHA-256 of the certificate. */
  readonly Fingerprint: string;
  readonly KeyType: string;
  readonly KeyBits: number;
  readonly PEM: string;
  /** The same key, certified by earlier roots. */
  readonly CrossSignedPEM: readonly string[];
}

export interface DatacenterAuthority {
  readonly Datacenter: string;
  readonly SigningRootID?: string;
  /** `PEM` where the answering datacenter knows it. */
  readonly Intermediate: (IntermediateOf & { readonly PEM?: string | null }) | null;
  readonly ChainBytes: number | null;
  /** Live leaves by the root they are under. */
  readonly Leaves: Readonly<Record<string, number>>;
}

/** `GET /v1/connect/ca/authorities`. */
export interface Authorities {
  readonly Roots: readonly RootAuthority[];
  readonly Datacenters: readonly DatacenterAuthority[];
}

export interface InspectedCertificate extends Life {
  readonly Subject: string;
  readonly URIs: readonly string[];
  readonly Issuer: string;
  readonly KeyType: string;
  readonly KeyBits: number;
  readonly Fingerprint: string;
  readonly SubjectKeyID: string | null;
  readonly AuthorityKeyID: string | null;
  readonly IsCA: boolean;
  readonly PathLength?: number | null;
  readonly SignatureAlgorithm: string;
  readonly DNSNames: readonly string[];
  readonly KeyUsage: readonly string[];
  readonly ExtendedKeyUsage: readonly string[];
}

/** `POST /v1/connect/ca/inspect`. */
export interface Inspection {
  readonly Certificates: readonly InspectedCertificate[];
  readonly Trusted: boolean;
  /** Why not, as a code and in words. */
  readonly Reason?: string | null;
  readonly Detail?: string | null;
  /** From the first certificate to its root, by fingerprint; empty when it is not trusted. */
  readonly Path: readonly string[];
}
