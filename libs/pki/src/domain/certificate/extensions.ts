import { BanyanError } from '@banyan/kernel';
import { DerReader } from '../der/der-reader.js';
import { dottedOid, OID } from '../der/oids.js';
import { contextTag, TAG } from '../der/tags.js';
import { type AlternativeNames, NO_NAMES, readAlternativeNames } from './alternative-names.js';

/** Bits of KeyUsage in their order (RFC 5280 §4.2.1.3). */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** What a key may be used for (RFC 5280 §4.2.1.3). */
export type KeyUsage = (typeof KEY_USAGES)[number];

/** The extensions banyan knows, read; the others by name only. */
export interface Extensions {
  readonly names: AlternativeNames;
  readonly namesCritical: boolean;
  readonly isCa: boolean;
  readonly pathLength: number | undefined;
  /** Undefined if there is no such extension, which means any use. */
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** `clientAuth`, `serverAuth` or a dotted identifier, in order. */
  readonly extendedKeyUsage: ReadonlySet<string> | undefined;
  readonly subjectKeyId: Uint8Array | undefined;
  readonly authorityKeyId: Uint8Array | undefined;
  /** Dotted identifiers of critical extensions that are not known here. */
  readonly unknownCritical: readonly string[];
}

type Draft = { -readonly [Field in keyof Extensions]: Extensions[Field] };

/** Each certificate of banyan has 5 or 6; other CAs add some of their own. */
const MAX_EXTENSIONS = 32;

const invalid = (reason: string): never => {
  throw new BanyanError('DER_INVALID', `Extensions are malformed: ${reason}.`);
};

const readKeyUsage = (value: DerReader): ReadonlySet<KeyUsage> =>
  new Set(value.namedBits().map((bit) => KEY_USAGES[bit] ?? invalid('an unknown key usage')));

const readExtendedKeyUsage = (value: DerReader): ReadonlySet<string> => {
  const list = value.enter(TAG.sequence);
  const usages = new Set<string>();
  while (!list.atEnd) {
    const oid = list.oid();
    usages.add(oid === OID.clientAuth ? 'clientAuth' : oid === OID.serverAuth ? 'serverAuth' : dottedOid(oid));
  }
  return usages.size === 0 ? invalid('an empty extended key usage') : usages;
};

/** RFC 5280 §4.2.1.9. A default (CA false) is not written in DER (X.690 §11.5), so an explicit one is refused. */
const readBasicConstraints = (value: DerReader, draft: Draft): void => {
  const fields = value.enter(TAG.sequence);
  if (fields.tag === TAG.boolean) draft.isCa = fields.boolean() || invalid('an explicit default');
  if (!fields.atEnd) {
    if (!draft.isCa) invalid('a path length without CA');
    draft.pathLength = fields.smallInteger();
  }
  fields.finish();
};

/** RFC 5280 §4.2.1.1: only the key identifier is of use here. */
const readAuthorityKeyId = (value: DerReader): Uint8Array | undefined => {
  const fields = value.enter(TAG.sequence);
  const keyId = fields.tag === contextTag(0) ? fields.content(contextTag(0)) : undefined;
  while (!fields.atEnd) fields.skip();
  return keyId;
};

const readValue = (oid: string, critical: boolean, value: DerReader, draft: Draft): void => {
  switch (oid) {
    case OID.subjectAltName:
      draft.names = readAlternativeNames(value);
      draft.namesCritical = critical;
      break;
    case OID.basicConstraints:
      readBasicConstraints(value, draft);
      break;
    case OID.keyUsage:
      draft.keyUsage = readKeyUsage(value);
      break;
    case OID.extendedKeyUsage:
      draft.extendedKeyUsage = readExtendedKeyUsage(value);
      break;
    case OID.subjectKeyId:
      draft.subjectKeyId = value.content(TAG.octetString);
      break;
    case OID.authorityKeyId:
      draft.authorityKeyId = readAuthorityKeyId(value);
      break;
    default:
      if (critical) draft.unknownCritical = [...draft.unknownCritical, dottedOid(oid)];
      return;
  }
  value.finish();
};

export const NO_EXTENSIONS: Extensions = {
  names: NO_NAMES,
  namesCritical: false,
  isCa: false,
  pathLength: undefined,
  keyUsage: undefined,
  extendedKeyUsage: undefined,
  subjectKeyId: undefined,
  authorityKeyId: undefined,
  unknownCritical: [],
};

/** Reads `Extensions ::= SEQUENCE OF Extension` (RFC 5280 §4.1.2.9). No extension may appear twice. Throws `DER_INVALID`. */
export const readExtensions = (reader: DerReader): Extensions => {
  const draft: Draft = { ...NO_EXTENSIONS };
  const list = reader.enter(TAG.sequence);
  reader.finish();
  const seen = new Set<string>();
  while (!list.atEnd) {
    const extension = list.enter(TAG.sequence);
    const oid = extension.oid();
    if (seen.has(oid) || seen.size === MAX_EXTENSIONS) invalid('one appears twice, or there are more than 32');
    seen.add(oid);
    const critical = extension.tag === TAG.boolean && (extension.boolean() || invalid('an explicit default'));
    const value = extension.content(TAG.octetString);
    extension.finish();
    readValue(oid, critical, new DerReader(value), draft);
  }
  return seen.size === 0 ? invalid('the list is empty') : draft;
};
