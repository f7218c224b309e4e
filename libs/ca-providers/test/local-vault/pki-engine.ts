import { createHash, generateKeyPairSync, type KeyObject, randomBytes, randomUUID } from 'node:crypto';
import { type Clock, type EpochMs, epochMs } from '@banyan/kernel';
import { Certificate, parseCertificates, parseCsr } from '@banyan/pki';
import { forgeCertificate, type ForgedTemplate } from '@banyan/testkit';

/** An answer of Vault: status and what stands in `data` or in `errors`. */
export interface EngineAnswer {
  readonly status: number;
  readonly data?: unknown;
  readonly errors?: readonly string[];
}

type Body = Readonly<Record<string, unknown>>;

interface Key {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

interface Issuer {
  readonly id: string;
  name: string;
  readonly keyId: string;
  certificate: Certificate;
  usage: string;
}

const CA_USAGE: readonly [number, number] = [0x06, 1];
const DEFAULT_BACKDATE_S = 30;
/** A parameter that is text; empty for everything else. */
const text = (body: Body, name: string): string => {
  const value = body[name];
  return typeof value === 'string' ? value : '';
};

const refused = (...errors: string[]): EngineAnswer => ({ status: 400, errors });

/** One mount of the PKI secrets engine: several issuers, real keys, real certificates, as Vault makes them. */
export class PkiEngine {
  readonly #issuers = new Map<string, Issuer>();
  readonly #keys = new Map<string, Key>();

  constructor(private readonly clock: Clock) {}

  answer(method: string, path: string, body: Body): EngineAnswer {
    if (method === 'LIST' && path === 'issuers') return this.#list();
    if (method === 'LIST' && path === 'keys' && this.#keys.size === 0) return { status: 404, errors: [] };
    if (method === 'POST' && path === 'issuers/generate/root/internal') return this.#generate(body);
    const key = /^key\/([\w-]+)$/.exec(path)?.[1];
    if (key !== undefined && method === 'DELETE') return this.#dropKey(key);
    const [, reference = '', verb] = /^issuer\/([\w.-]+)(?:\/(sign-intermediate|sign-self-issued))?$/.exec(path) ?? [];
    if (reference === '') return { status: 404, errors: ['1 error occurred:\n\t* unsupported path\n\n'] };
    const issuer = this.#find(reference);
    if (issuer === undefined && method === 'DELETE') return { status: 200, data: null };
    if (issuer === undefined) {
      const found = `unable to find PKI issuer for reference: ${reference}`;
      const text = verb === undefined ? found : `could not fetch the CA certificate (was one set?): ${found}`;
      return { status: 500, errors: [`1 error occurred:\n\t* ${text}\n\n`] };
    }
    if (method === 'DELETE') return this.#drop(this.#issuers, issuer.id);
    if (method === 'GET') return { status: 200, data: this.#describe(issuer) };
    if (verb === undefined) return this.#change(issuer, body);
    const keyOfIssuer = this.#keys.get(issuer.keyId);
    if (keyOfIssuer === undefined || !issuer.usage.includes('issuing-certificates')) {
      return {
        status: 500,
        errors: [`1 error occurred:\n\t* error fetching CA certificate: unable to use issuer\n\n`],
      };
    }
    const signer = { issuer, key: keyOfIssuer };
    return verb === 'sign-intermediate' ? this.#signIntermediate(signer, body) : this.#signSelfIssued(signer, body);
  }

  #list(): EngineAnswer {
    if (this.#issuers.size === 0) return { status: 404, errors: [] };
    const entries = [...this.#issuers.values()].map((issuer, at) => [
      issuer.id,
      {
        issuer_name: issuer.name,
        key_id: issuer.keyId,
        is_default: at === 0,
        serial_number: issuer.certificate.serialHex,
      },
    ]);
    return { status: 200, data: { keys: [...this.#issuers.keys()], key_info: Object.fromEntries(entries) } };
  }

  #find(reference: string): Issuer | undefined {
    return this.#issuers.get(reference) ?? [...this.#issuers.values()].find((issuer) => issuer.name === reference);
  }

  #describe(issuer: Issuer) {
    const { id, name, keyId, certificate, usage } = issuer;
    return {
      issuer_id: id,
      issuer_name: name,
      key_id: this.#keys.has(keyId) ? keyId : '',
      certificate: certificate.pem,
      ca_chain: [certificate.pem],
      leaf_not_after_behavior: 'err',
      manual_chain: null,
      revoked: false,
      usage,
    };
  }

  #drop(from: Map<string, unknown>, id: string): EngineAnswer {
    from.delete(id);
    return { status: 204 };
  }

  #dropKey(id: string): EngineAnswer {
    const user = [...this.#issuers.values()].find(({ keyId }) => keyId === id);
    if (user !== undefined) return refused(`Failed to Delete Key.  Key in Use by Issuer: ${user.id}`);
    return this.#drop(this.#keys, id);
  }

  #change(issuer: Issuer, body: Body): EngineAnswer {
    const { usage } = body;
    // What is not said is reset, the name too.
    issuer.name = text(body, 'issuer_name');
    if (typeof usage === 'string') issuer.usage = usage;
    return { status: 200, data: this.#describe(issuer) };
  }

  #generate(body: Body): EngineAnswer {
    const name = text(body, 'issuer_name');
    if (!/^[\w.-]*$/.test(name)) return refused('issuer name contained invalid characters');
    if (name !== '' && this.#find(name) !== undefined) return refused('issuer name already in use');
    const pair = generatePair(text(body, 'key_type'), Number(body['key_bits'] ?? 0));
    const key: Key = { id: randomUUID(), ...pair };
    const subject = text(body, 'common_name');
    const id = keyIdentifier(pair.publicKey);
    const certificate = this.#make(pair.privateKey, body, {
      publicKey: pair.publicKey,
      subject,
      issuer: subject,
      subjectKeyId: id,
      authorityKeyId: id,
      ca: true,
    });
    const issuer: Issuer = {
      id: randomUUID(),
      name,
      keyId: key.id,
      certificate,
      usage: 'crl-signing,issuing-certificates,ocsp-signing,read-only',
    };
    this.#keys.set(key.id, key);
    this.#issuers.set(issuer.id, issuer);
    return {
      status: 200,
      data: { ...this.#describe(issuer), issuing_ca: certificate.pem, key_name: body['key_name'] ?? '' },
    };
  }

  #signIntermediate({ issuer, key }: { issuer: Issuer; key: Key }, body: Body): EngineAnswer {
    if (!text(body, 'csr').includes('BEGIN')) return refused('csr contains no data');
    const request = parseCsr(text(body, 'csr'));
    const certificate = this.#make(key.privateKey, body, {
      publicKey: request.spki,
      subject: text(body, 'common_name'),
      issuer: issuer.certificate.commonName ?? '',
      subjectKeyId: keyIdentifier(request.publicKey),
      authorityKeyId: issuer.certificate.subjectKeyIdBytes ?? null,
      ca: true,
      pathLength: Number(body['max_path_length'] ?? -1),
    });
    if (certificate.notBefore < issuer.certificate.notBefore) return refused("notBefore before signer's notBefore");
    return { status: 200, data: { certificate: certificate.pem.trim(), issuing_ca: issuer.certificate.pem.trim() } };
  }

  /** As Vault does it: what the given certificate says, its serial number and its end too, signed by the issuer. */
  #signSelfIssued({ issuer, key }: { issuer: Issuer; key: Key }, body: Body): EngineAnswer {
    const [given] = parseCertificates(text(body, 'certificate'));
    if (given === undefined || !given.isCa) return refused('given certificate is not a CA certificate');
    if (Buffer.compare(given.issuerDer, given.subjectDer) !== 0) return refused('given certificate is not self-issued');
    const der = forgeCertificate({
      publicKey: given.spki,
      signWith: key.privateKey,
      subject: given.commonName ?? '',
      issuer: issuer.certificate.commonName ?? '',
      notBefore: given.notBefore,
      notAfter: given.notAfter,
      serialHex: given.serialHex.replaceAll(':', ''),
      uris: given.uris,
      ca: true,
      keyUsage: CA_USAGE,
      subjectKeyId: given.subjectKeyIdBytes ?? null,
      authorityKeyId: issuer.certificate.subjectKeyIdBytes ?? null,
    });
    return {
      status: 200,
      data: { certificate: Certificate.fromDer(der).pem.trim(), issuing_ca: issuer.certificate.pem },
    };
  }

  #make(
    signWith: KeyObject,
    body: Body,
    template: Omit<ForgedTemplate, 'signWith' | 'notBefore' | 'notAfter' | 'keyUsage'>,
  ): Certificate {
    const backdate = Number.parseInt(text(body, 'not_before_duration') || `${DEFAULT_BACKDATE_S}s`, 10);
    const { pathLength, ...rest } = template;
    const der = forgeCertificate({
      ...rest,
      ...(pathLength !== undefined && pathLength >= 0 && { pathLength }),
      signWith,
      serialHex: `40${randomBytes(15).toString('hex')}`,
      notBefore: wholeSeconds(this.clock.now() - backdate * 1_000),
      notAfter: wholeSeconds(Date.parse(text(body, 'not_after'))),
      uris: text(body, 'uri_sans')
        .split(',')
        .filter((uri) => uri !== ''),
      keyUsage: CA_USAGE,
    });
    return Certificate.fromDer(der);
  }
}

const wholeSeconds = (moment: number): EpochMs => epochMs(Math.floor(moment / 1_000) * 1_000);

const CURVES: Readonly<Record<number, string>> = { 0: 'P-256', 256: 'P-256', 384: 'P-384', 521: 'P-521' };

const generatePair = (type: string, bits: number) =>
  type !== 'ec'
    ? generateKeyPairSync('rsa', { modulusLength: bits === 0 ? 2048 : bits })
    : generateKeyPairSync('ec', { namedCurve: CURVES[bits] ?? 'P-256' });

/** Vault's key identifiers have 20 bytes. */
const keyIdentifier = (key: KeyObject): Uint8Array =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
