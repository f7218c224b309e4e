/** The CA as it is configured now, as far as a rotation has to know it. */
export interface PresentState {
  readonly provider: string;
  /** As they are read back: secrets replaced by `<hidden>`, which means the stored ones. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly leafTtlMs: number;
  /** End of the active root, ms since 1970. */
  readonly rootNotAfter: number;
}

/** A root that was rotated out and is still trusted. */
export interface InactiveRoot {
  readonly rootId: string;
  readonly isTainted: boolean;
}

/** Where the present configuration of the CA is read. */
export abstract class PresentAuthority {
  /** Throws `CA_UNINITIALIZED` before the first root. */
  abstract read(): PresentState;
  /** Roots that were rotated out and are still trusted. */
  abstract inactiveRoots(): readonly InactiveRoot[];
  /** Whether a root that has left is known by its certificate, so that its key can be denied by its ID. */
  abstract remembers(rootId: string): boolean;
}
