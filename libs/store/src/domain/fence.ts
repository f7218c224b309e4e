/** Proof of holding a lease: a write made with it is refused once anybody else has taken the lease. */
export interface Fence {
  /** Name of the lease. */
  readonly lease: string;
  /** Who holds it: the server's ID. Of two processes with one ID the later one has the higher fencing number. */
  readonly holder: string;
  /** Grows by one with every acquisition. */
  readonly fencing: number;
}
