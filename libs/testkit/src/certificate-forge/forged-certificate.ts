import { createHash, type KeyObject, sign } from 'node:crypto';
import { type EpochMs, epochMs, HOUR } from '@banyan/kernel';
import forge from 'node-forge';

const { asn1 } = forge;
const { Class, Type } = asn1;
type Node = forge.asn1.Asn1;

/**
 * What a forged certificate says. Nothing is checked: the forge exists to make what `pki` must refuse, and, since it
 * encodes with node-forge, to prove that `pki`'s own encoder writes the same bytes.
 */
export interface ForgedTemplate {
  /** The key that is certified: a key, or the bytes of any SubjectPublicKeyInfo. */
  readonly publicKey: KeyObject | Uint8Array;
  /** The key that signs; need not belong to the issuer. */
  readonly signWith: KeyObject;
  /** Common name; empty for no subject. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  /** Hex, exactly as encoded; 16 bytes if not given. */
  readonly serialHex?: string;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** One byte of KeyUsage bits and how many of them are unused; leaf or CA usage if not given; null for none. */
  readonly keyUsage?: readonly [bits: number, unused: number] | null;
  /** Dotted identifiers; clientAuth and serverAuth for a leaf if not given. */
  readonly extendedKeyUsage?: readonly string[];
  /** SHA-256 of the key if not given; null for none. */
  readonly subjectKeyId?: Uint8Array | null;
  readonly authorityKeyId?: Uint8Array | null;
  /** More extensions, after the usual ones. */
  readonly extensions?: readonly { readonly oid: string; readonly critical: boolean; readonly value: Uint8Array }[];
}

const binary = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytesOf = (node: Node): Uint8Array => new Uint8Array(Buffer.from(asn1.toDer(node).getBytes(), 'latin1'));
/** The published types take universal tags only; context tags are plain numbers. */
const create: (tagClass: number, tag: number, constructed: boolean, value: Node[] | string) => Node = asn1.create;
const universal = (type: number, constructed: boolean, value: Node[] | string): Node =>
  create(Class.UNIVERSAL, type, constructed, value);
const context = (number: number, constructed: boolean, value: Node[] | string): Node =>
  create(Class.CONTEXT_SPECIFIC, number, constructed, value);
const sequence = (...parts: Node[]): Node => universal(Type.SEQUENCE, true, parts);
const oid = (dotted: string): Node => universal(Type.OID, false, asn1.oidToDer(dotted).getBytes());
const octets = (value: string): Node => universal(Type.OCTETSTRING, false, value);
const integer = (hex: string): Node => universal(Type.INTEGER, false, Buffer.from(hex, 'hex').toString('latin1'));
const boolean = (): Node => universal(Type.BOOLEAN, false, '\xff');

const spkiOf = (key: KeyObject | Uint8Array): Uint8Array =>
  key instanceof Uint8Array ? key : new Uint8Array(key.export({ type: 'spki', format: 'der' }));

/** The identifier that the profiles give a key: SHA-256 of the SubjectPublicKeyInfo. */
export const forgedKeyId = (publicKey: KeyObject | Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(spkiOf(publicKey)).digest());

const name = (commonName: string): Node =>
  commonName === ''
    ? sequence()
    : sequence(
        universal(Type.SET, true, [
          sequence(oid('2.5.4.3'), universal(Type.UTF8, false, forge.util.encodeUtf8(commonName))),
        ]),
      );

/** UTCTime until 2049, then GeneralizedTime; forge's own writer silently gives 19xx for the latter. */
const time = (moment: EpochMs): Node => {
  const text = new Date(moment).toISOString().replace(/[-:T]|\.\d+/g, '');
  return moment < Date.UTC(2050, 0)
    ? universal(Type.UTCTIME, false, text.slice(2))
    : universal(Type.GENERALIZEDTIME, false, text);
};

const extension = (dotted: string, critical: boolean, value: Node): Node =>
  sequence(oid(dotted), ...(critical ? [boolean()] : []), octets(asn1.toDer(value).getBytes()));

/** `subjectAltName`, critical where the subject is empty. */
export const forgedNames = (template: Pick<ForgedTemplate, 'subject' | 'uris' | 'dnsNames'>): Node => {
  const { uris = [], dnsNames = [], subject } = template;
  const names = [...uris.map((uri) => context(6, false, uri)), ...dnsNames.map((dns) => context(2, false, dns))];
  return extension('2.5.29.17', subject === '', sequence(...names));
};

const constraints = ({ ca = false, pathLength }: ForgedTemplate): Node => {
  const length = pathLength === undefined || !ca ? [] : [integer(pathLength.toString(16).padStart(2, '0'))];
  return extension('2.5.29.19', true, sequence(...(ca ? [boolean()] : []), ...length));
};

const usages = (template: ForgedTemplate): Node[] => {
  const { ca = false, keyUsage = ca ? [0x86, 1] : [0xb8, 3] } = template;
  const purposes = template.extendedKeyUsage ?? (ca ? [] : ['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
  return [
    ...(keyUsage === null
      ? []
      : [
          extension('2.5.29.15', true, universal(Type.BITSTRING, false, String.fromCharCode(keyUsage[1], keyUsage[0]))),
        ]),
    ...(purposes.length === 0 ? [] : [extension('2.5.29.37', false, sequence(...purposes.map(oid)))]),
  ];
};

const keyIds = (template: ForgedTemplate): Node[] => {
  const { publicKey, subjectKeyId = forgedKeyId(publicKey), authorityKeyId = null } = template;
  return [
    ...(subjectKeyId === null ? [] : [extension('2.5.29.14', false, octets(binary(subjectKeyId)))]),
    ...(authorityKeyId === null
      ? []
      : [extension('2.5.29.35', false, sequence(context(0, false, binary(authorityKeyId))))]),
  ];
};

const extensionsOf = (template: ForgedTemplate): Node => {
  const hasNames = (template.uris ?? []).length + (template.dnsNames ?? []).length > 0;
  return sequence(
    ...usages(template),
    constraints(template),
    ...keyIds(template),
    ...(hasNames ? [forgedNames(template)] : []),
    ...(template.extensions ?? []).map(({ oid: id, critical, value }) =>
      sequence(oid(id), ...(critical ? [boolean()] : []), octets(binary(value))),
    ),
  );
};

const algorithm = (key: KeyObject): Node =>
  key.asymmetricKeyType === 'rsa'
    ? sequence(oid('1.2.840.113549.1.1.11'), universal(Type.NULL, false, ''))
    : sequence(oid('1.2.840.10045.4.3.2'));

/** `decodeBitStrings` must be off: forge would take some EC keys for nested structures. */
const parsed = (der: Uint8Array): Node =>
  // The option is real, but missing in the published types.
  (asn1.fromDer as unknown as (bytes: string, options: object) => Node)(binary(der), { decodeBitStrings: false });

const tbsOf = (template: ForgedTemplate): Node =>
  sequence(
    context(0, true, [integer('02')]),
    integer(template.serialHex ?? '4f6f7267656420627920746573746b69'),
    algorithm(template.signWith),
    name(template.issuer),
    sequence(time(template.notBefore), time(template.notAfter)),
    name(template.subject),
    parsed(spkiOf(template.publicKey)),
    context(3, true, [extensionsOf(template)]),
  );

/** The bytes of a template that are signed, as node-forge encodes them. */
export const forgedTbs = (template: ForgedTemplate): Uint8Array => bytesOf(tbsOf(template));

const signed = (body: Node, signWith: KeyObject): Uint8Array => {
  const signature = sign('sha256', bytesOf(body), signWith);
  return bytesOf(sequence(body, algorithm(signWith), universal(Type.BITSTRING, false, `\0${binary(signature)}`)));
};

/** The DER of a certificate that says what the template says, well signed by the template's key. */
export const forgeCertificate = (template: ForgedTemplate): Uint8Array => signed(tbsOf(template), template.signWith);

/** The DER of a certificate request with any names, signed by any key. */
export const forgeCsr = (request: {
  publicKey: KeyObject | Uint8Array;
  signWith: KeyObject;
  subject?: string;
  uris?: readonly string[];
  dnsNames?: readonly string[];
  /** The DER of a whole SubjectAltName value, instead of `uris` and `dnsNames`. */
  namesDer?: Uint8Array;
}): Uint8Array => {
  const { publicKey, signWith, subject = '', uris = [], dnsNames = [], namesDer } = request;
  const names =
    namesDer === undefined ? forgedNames({ subject, uris, dnsNames }) : extension('2.5.29.17', true, parsed(namesDer));
  const attribute = sequence(oid('1.2.840.113549.1.9.14'), universal(Type.SET, true, [sequence(names)]));
  return signed(
    sequence(integer('00'), name(subject), parsed(spkiOf(publicKey)), context(0, true, [attribute])),
    signWith,
  );
};

/** A validity around `now`: an hour before to a day after. */
export const forgedValidity = (now: EpochMs): { notBefore: EpochMs; notAfter: EpochMs } => {
  const second = Math.floor(now / 1000) * 1000;
  return { notBefore: epochMs(second - HOUR), notAfter: epochMs(second + 24 * HOUR) };
};
