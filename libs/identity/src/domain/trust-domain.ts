import { BanyanError } from '@banyan/kernel';

const SUFFIX = '.consul';
const UUID_LENGTH = 36;
/** Length of every trust domain: a UUID and `.consul`. */
export const TRUST_DOMAIN_LENGTH = UUID_LENGTH + SUFFIX.length;

const isLowerHex = (code: number): boolean => (code >= 48 && code <= 57) || (code >= 97 && code <= 102);
const isDashPosition = (at: number): boolean => at === 8 || at === 13 || at === 18 || at === 23;

/** Whether `text` is `<uuid>.consul` in lower case. By character codes, since it runs once per connection. */
export const isTrustDomain = (text: string): boolean => {
  if (text.length !== TRUST_DOMAIN_LENGTH || !text.endsWith(SUFFIX)) return false;
  for (let at = 0; at < UUID_LENGTH; at++) {
    const code = text.charCodeAt(at);
    if (isDashPosition(at) ? code !== 45 : !isLowerHex(code)) return false;
  }
  return true;
};

/** The name that every identity of one mesh shares: `<cluster uuid>.consul`, lower case, whatever the DNS domain is. */
export class TrustDomain {
  private constructor(
    /** `<uuid>.consul` */
    readonly name: string,
    /** The bare UUID, which clients know as `ExternalTrustDomain`. */
    readonly clusterId: string,
  ) {}

  /** The trust domain of the cluster with this lower-case UUID. Throws `TRUST_DOMAIN_INVALID`. */
  static ofCluster(clusterId: string): TrustDomain {
    return TrustDomain.parse(clusterId + SUFFIX);
  }

  /** Reads `<uuid>.consul`; nothing is normalized. Throws `TRUST_DOMAIN_INVALID`. */
  static parse(text: string): TrustDomain {
    if (!isTrustDomain(text)) {
      throw new BanyanError('TRUST_DOMAIN_INVALID', 'A trust domain must be <uuid>.consul in lower case.');
    }
    return new TrustDomain(text, text.slice(0, UUID_LENGTH));
  }

  equals(other: TrustDomain): boolean {
    return this.name === other.name;
  }
}
