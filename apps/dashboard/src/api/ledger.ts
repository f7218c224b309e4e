/** A certificate that was signed, in its place: `GET /v1/connect/ca/ledger`. */
export interface LedgerEntry {
  readonly Seq: number;
  readonly Kind: string;
  readonly Serial: string;
  readonly URI: string;
  readonly Subject: string;
  readonly IssuerKeyID: string;
  readonly RootID: string;
  readonly AccessorID: string;
  readonly Node: string;
  readonly Reason: string;
  readonly NotBefore: string;
  readonly NotAfter: string;
  readonly IssuedAt: string;
  readonly Server: string;
  readonly PrevHash: string;
  readonly Hash: string;
}

/** A page of a log of the API; `Next` is the `before` of the next one, absent on the last. */
export interface LogPage<Entry> {
  readonly Entries: readonly Entry[];
  readonly Next?: number | null;
}

export interface ChainPlace {
  readonly Seq: number;
  readonly Hash: string;
}

/** What a walk along a whole chain found. */
export interface ChainProof {
  readonly Valid: boolean;
  readonly Entries: number;
  readonly Checkpoint: ChainPlace;
  readonly Head: ChainPlace;
  readonly Break?: { readonly Seq: number; readonly Kind: string; readonly Detail: string; readonly Server?: string };
}
