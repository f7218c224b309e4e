import type { DerReader } from '../der/der-reader.js';
import { DerReader as Reader } from '../der/der-reader.js';
import { bytesOfAscii, oid, sequence, tlv } from '../der/der-writer.js';
import { OID } from '../der/oids.js';
import { TAG } from '../der/tags.js';

/** The DER of a Name without attributes, which every leaf has as its subject. */
export const EMPTY_NAME = sequence();

/** A Name of one common name, as UTF8String (RFC 5280 §4.1.2.4). The text has to be ASCII. */
export const encodeCommonName = (commonName: string): Uint8Array =>
  sequence(tlv(TAG.set, sequence(oid(OID.commonName), tlv(TAG.utf8String, bytesOfAscii(commonName)))));

const TEXT_TAGS: readonly number[] = [TAG.utf8String, TAG.printableString, TAG.ia5String];

/** Walks a Name, checking its structure, and gives its first common name. Throws `DER_INVALID`. */
export const readCommonName = (name: Uint8Array): string | undefined => {
  if (name.length === 2) return undefined;
  const relativeNames = new Reader(name).enter(TAG.sequence);
  let commonName: string | undefined;
  while (!relativeNames.atEnd) {
    const attributes = relativeNames.enter(TAG.set);
    do {
      const attribute = attributes.enter(TAG.sequence);
      const isCommonName = attribute.oid() === OID.commonName;
      if (isCommonName && TEXT_TAGS.includes(attribute.tag)) commonName ??= textOf(attribute);
      else attribute.skip();
      attribute.finish();
    } while (!attributes.atEnd);
  }
  return commonName;
};

const textOf = (attribute: DerReader): string => Buffer.from(attribute.content(attribute.tag)).toString('utf8');
