import { BanyanError } from '@banyan/kernel';
import type { DerReader } from '../der/der-reader.js';
import { bytesOfAscii, sequence, tlv } from '../der/der-writer.js';
import { contextTag, TAG } from '../der/tags.js';
import { formatIpAddress, parseIpAddress } from './ip-address.js';

/** The names in a SubjectAltName (RFC 5280 §4.2.1.6), each list in order of appearance. */
export interface AlternativeNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emails: readonly string[];
  /** How many names of other kinds (directory names, registered IDs …) there are. */
  readonly others: number;
}

export const NO_NAMES: AlternativeNames = { uris: [], dnsNames: [], ipAddresses: [], emails: [], others: 0 };

const EMAIL = contextTag(1);
const DNS = contextTag(2);
const URI = contextTag(6);
const IP = contextTag(7);

/** Enough for a gateway of many hosts; a bound on the work of every later comparison. */
const MAX_NAMES = 256;
/** The longest URI that SPIFFE allows; a DNS name is at most 253. */
const MAX_NAME_LENGTH = 2048;

const invalid = (reason: string): never => {
  throw new BanyanError('DER_INVALID', `Not a SubjectAltName: ${reason}.`);
};

/** Printable ASCII: a NUL or line end in a name is an attack on whoever prints or compares it. */
const asciiText = (bytes: Uint8Array): string => {
  if (bytes.length === 0 || bytes.length > MAX_NAME_LENGTH) return invalid('a name is empty or longer than 2048');
  for (const byte of bytes) if (byte < 0x21 || byte > 0x7e) return invalid('a name is not printable ASCII');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
};

/** Reads the content of a SubjectAltName extension. Throws `DER_INVALID`. */
export const readAlternativeNames = (extension: DerReader): AlternativeNames => {
  const names = {
    uris: [] as string[],
    dnsNames: [] as string[],
    ipAddresses: [] as string[],
    emails: [] as string[],
    others: 0,
  };
  const list = extension.enter(TAG.sequence);
  extension.finish();
  if (list.atEnd) return invalid('it is empty');
  for (let count = 0; !list.atEnd; count++) {
    if (count === MAX_NAMES) return invalid('it holds more than 256 names');
    const { tag } = list;
    if (tag === URI) names.uris.push(asciiText(list.content(URI)));
    else if (tag === DNS) names.dnsNames.push(asciiText(list.content(DNS)));
    else if (tag === EMAIL) names.emails.push(asciiText(list.content(EMAIL)));
    else if (tag === IP)
      names.ipAddresses.push(formatIpAddress(list.content(IP)) ?? invalid('an IP address has a wrong length'));
    else {
      list.skip();
      names.others++;
    }
  }
  return names;
};

/** The content of a SubjectAltName extension: URIs, then DNS names, then IP addresses. */
export const encodeAlternativeNames = (names: {
  uris: readonly string[];
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
}): Uint8Array =>
  sequence(
    ...names.uris.map((uri) => tlv(URI, bytesOfAscii(uri))),
    ...names.dnsNames.map((name) => tlv(DNS, bytesOfAscii(name))),
    ...names.ipAddresses.map((address) => tlv(IP, parseIpAddress(address))),
  );
