/** A request for a datacenter's intermediate. */
export interface IntermediateRequest {
  readonly datacenter: string;
  /** PKCS#10 with the trust domain's signing ID as its one URI. The private key stays where it was made. */
  readonly csrPem: string;
  /** The root that shall sign: the active one, or the next one. */
  readonly rootId: string;
}

/** The intermediate in PEM, and the root that signed it. */
export interface IssuedIntermediate {
  readonly certificatePem: string;
  /** The root that signed it. */
  readonly rootId: string;
}

/**
 * Who signs this datacenter's intermediate: the root beside us in the primary, the primary over the WAN elsewhere.
 * Fails with `PERMISSION_DENIED`, `DATACENTER_UNREACHABLE`, or the code of a refused CSR.
 */
export abstract class IntermediateIssuer {
  abstract issue(request: IntermediateRequest, signal: AbortSignal): Promise<IssuedIntermediate>;
}
