import { IntermediateIssuer, type IntermediateRequest, type IssuedIntermediate } from '../ports/intermediate-issuer.js';
import type { RootAuthority } from './root-authority.js';

/** The primary is its own first secondary: its intermediate is signed by the root beside it. */
export class LocalIntermediateIssuer extends IntermediateIssuer {
  constructor(private readonly root: RootAuthority) {
    super();
  }

  override issue({ csrPem, ...o }: IntermediateRequest, signal: AbortSignal): Promise<IssuedIntermediate> {
    return this.root.signIntermediate(csrPem, o, signal);
  }
}
