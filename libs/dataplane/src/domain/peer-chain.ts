import { createHash } from 'node:crypto';
import { BanyanError, isBanyanError } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';

/** How many chains are kept parsed: peers come back with the same one for as long as their leaf lives. */
const MOST_CHAINS = 512;

/** The certificates that a peer presented, its leaf first. Shared by all connections that presented the same bytes. */
export interface PeerChain {
  /** SHA-256 over all certificates. */
  readonly key: string;
  readonly certificates: readonly Certificate[];
}

/** Reads chains, each once while it is remembered; the least recently presented one is forgotten first. */
export class PeerChains {
  readonly #known = new Map<string, PeerChain>();

  /**
   * What cannot be read above the leaf is left out: it proves nothing. Throws `CERTIFICATE_INVALID` or `INPUT_TOO_LARGE`
   * for the leaf, and `CHAIN_EMPTY`.
   */
  read(ders: readonly Uint8Array[]): PeerChain {
    const [leaf, ...issuers] = ders;
    if (leaf === undefined) throw new BanyanError('CHAIN_EMPTY', 'the peer presented no certificate');
    const hash = createHash('sha256');
    for (const der of ders) hash.update(der); // DER tells its own length, so the seams are not ambiguous
    const key = hash.digest('base64');
    const known = this.#known.get(key);
    if (known !== undefined) {
      this.#known.delete(key);
      this.#known.set(key, known);
      return known;
    }
    const chain = { key, certificates: [Certificate.fromDer(leaf), ...issuers.flatMap(readable)] };
    this.#known.set(key, chain);
    if (this.#known.size > MOST_CHAINS) this.#known.delete(this.#known.keys().next().value!);
    return chain;
  }
}

const readable = (der: Uint8Array): readonly Certificate[] => {
  try {
    return [Certificate.fromDer(der)];
  } catch (error) {
    if (isBanyanError(error)) return [];
    throw error;
  }
};
