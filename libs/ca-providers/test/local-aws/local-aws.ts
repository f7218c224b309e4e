import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EpochMs, epochMs } from '@banyan/kernel';
import { Certificate, createCsr, generateKeyPair, type KeyPair, type KeySpec, parseCsr } from '@banyan/pki';
import { forgeCertificate } from '@banyan/testkit';

type Body = Readonly<Record<string, unknown>>;

interface Authority {
  readonly arn: string;
  readonly keyPair: KeyPair;
  readonly subject: string;
  readonly keyAlgorithm: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
  status: string;
  certificate?: Certificate;
  readonly issued: Map<string, { readonly pem: string; pollsLeft: number }>;
}

interface IssueBody {
  readonly CertificateAuthorityArn: string;
  readonly Csr: string;
  readonly TemplateArn: string;
  readonly SigningAlgorithm: string;
  readonly Validity: { readonly Type: string; readonly Value: number };
  readonly ValidityNotBefore?: { readonly Type: string; readonly Value: number };
  readonly ApiPassthrough?: {
    readonly Subject?: { readonly CommonName?: string };
    readonly Extensions?: {
      readonly SubjectAlternativeNames?: readonly { readonly UniformResourceIdentifier?: string }[];
    };
  };
}

class Refusal extends Error {
  constructor(
    readonly type: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

const KEY_SPECS: Readonly<Record<string, KeySpec>> = {
  EC_prime256v1: { type: 'ec', bits: 256 },
  EC_secp384r1: { type: 'ec', bits: 384 },
  RSA_2048: { type: 'rsa', bits: 2048 },
  RSA_4096: { type: 'rsa', bits: 4096 },
};
const TEMPLATES: Readonly<Record<string, { readonly root: boolean }>> = {
  'arn:aws:acm-pca:::template/RootCACertificate_APIPassthrough/V1': { root: true },
  'arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0_APIPassthrough/V1': { root: false },
};
const CA_USAGE: readonly [number, number] = [0x86, 1];
const POLLS_UNTIL_READY = 2;

/**
 * AWS Private CA as its SDK meets it: JSON 1.1 over HTTP with `X-Amz-Target`, blobs in base64, errors by `__type`. Keys,
 * requests and signatures are real. A certificate is ready at the third look.
 */
export class LocalAws {
  readonly authorities = new Map<string, Authority>();
  /** Actions, in order. */
  readonly requests: string[] = [];
  /** Actions that are refused, and how. */
  readonly denied = new Map<string, { readonly type: string; readonly status: number }>();
  #count = 0;

  private constructor(private readonly server: Server) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response));
  }

  static async start(): Promise<LocalAws> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new LocalAws(server);
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const action = String(request.headers['x-amz-target'] ?? '').replace('ACMPrivateCA.', '');
    this.requests.push(action);
    try {
      if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=test-key/')) {
        throw new Refusal('UnrecognizedClientException', 'The security token included in the request is invalid.');
      }
      const denial = this.denied.get(action);
      if (denial !== undefined)
        throw new Refusal(denial.type, `not authorized to perform: acm-pca:${action}`, denial.status);
      send(response, 200, await this.#answer(action, JSON.parse(Buffer.concat(parts).toString('utf8')) as Body));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      send(response, error.status, { __type: error.type, message: error.message });
    }
  }

  async #answer(action: string, body: Body): Promise<unknown> {
    if (action === 'CreateCertificateAuthority') return this.#create(body);
    if (action === 'ListCertificateAuthorities') {
      return { CertificateAuthorities: [...this.authorities.values()].map((authority) => describe(authority)) };
    }
    const authority = this.authorities.get(String(body['CertificateAuthorityArn']));
    if (authority === undefined)
      throw new Refusal('ResourceNotFoundException', 'Could not find Certificate Authority.');
    switch (action) {
      case 'DescribeCertificateAuthority':
        if (authority.status === 'CREATING') authority.status = 'PENDING_CERTIFICATE';
        return { CertificateAuthority: describe(authority) };
      case 'ListTags':
        return { Tags: authority.tags };
      case 'GetCertificateAuthorityCsr':
        return { Csr: createCsr({ keyPair: authority.keyPair, uri: 'spiffe://unused', ca: true }) };
      case 'GetCertificateAuthorityCertificate':
        if (authority.certificate === undefined) throw new Refusal('InvalidStateException', 'no certificate yet');
        return { Certificate: authority.certificate.pem };
      case 'IssueCertificate':
        return this.#issue(authority, body as unknown as IssueBody);
      case 'GetCertificate':
        return this.#certificate(authority, String(body['CertificateArn']));
      case 'ImportCertificateAuthorityCertificate':
        authority.certificate = Certificate.fromPem(
          Buffer.from(String(body['Certificate']), 'base64').toString('utf8'),
        );
        authority.status = 'ACTIVE';
        return {};
      case 'UpdateCertificateAuthority':
        authority.status = String(body['Status']);
        return {};
      case 'DeleteCertificateAuthority':
        if (authority.status === 'ACTIVE') throw new Refusal('InvalidStateException', 'disable it first');
        authority.status = 'DELETED';
        return {};
      default:
        throw new Refusal('InvalidAction', `no action ${action}`);
    }
  }

  async #create(body: Body): Promise<unknown> {
    const { KeyAlgorithm, Subject } = body['CertificateAuthorityConfiguration'] as {
      KeyAlgorithm: string;
      Subject: { CommonName: string };
    };
    this.#count += 1;
    const name = String(this.#count).padStart(12, '0');
    const arn = `arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/00000000-0000-4000-8000-${name}`;
    this.authorities.set(arn, {
      arn,
      keyPair: await generateKeyPair(KEY_SPECS[KeyAlgorithm] ?? { type: 'ec', bits: 256 }),
      subject: Subject.CommonName,
      keyAlgorithm: KeyAlgorithm,
      tags: (body['Tags'] ?? []) as Authority['tags'],
      status: 'CREATING',
      issued: new Map(),
    });
    return { CertificateAuthorityArn: arn };
  }

  #issue(authority: Authority, body: IssueBody): unknown {
    const template = TEMPLATES[body.TemplateArn];
    if (template === undefined) throw new Refusal('InvalidArgsException', `no template ${body.TemplateArn}`);
    if (authority.status !== (template.root ? 'PENDING_CERTIFICATE' : 'ACTIVE')) {
      throw new Refusal('InvalidStateException', `the authority is ${authority.status}`);
    }
    const algorithm = authority.keyAlgorithm.startsWith('EC') ? 'ECDSA' : 'RSA';
    if (!body.SigningAlgorithm.endsWith(algorithm))
      throw new Refusal('InvalidArgsException', 'wrong signing algorithm');
    const request = parseCsr(Buffer.from(body.Csr, 'base64').toString('utf8'));
    const id = keyIdentifier(request.publicKey);
    const names = body.ApiPassthrough?.Extensions?.SubjectAlternativeNames ?? [];
    const der = forgeCertificate({
      publicKey: request.spki,
      signWith: authority.keyPair.privateKey,
      subject: template.root ? authority.subject : (body.ApiPassthrough?.Subject?.CommonName ?? ''),
      issuer: authority.subject,
      notBefore: moment(body.ValidityNotBefore),
      notAfter: moment(body.Validity),
      serialHex: `40${randomBytes(15).toString('hex')}`,
      uris: names.flatMap(({ UniformResourceIdentifier: uri }) => (uri === undefined ? [] : [uri])),
      ca: true,
      ...(!template.root && { pathLength: 0 }),
      keyUsage: CA_USAGE,
      subjectKeyId: id,
      authorityKeyId: template.root ? id : (authority.certificate?.subjectKeyIdBytes ?? null),
    });
    const arn = `${authority.arn}/certificate/${randomBytes(16).toString('hex')}`;
    authority.issued.set(arn, { pem: Certificate.fromDer(der).pem, pollsLeft: POLLS_UNTIL_READY });
    return { CertificateArn: arn };
  }

  #certificate(authority: Authority, arn: string): unknown {
    const issued = authority.issued.get(arn);
    if (issued === undefined) throw new Refusal('ResourceNotFoundException', 'no such certificate');
    issued.pollsLeft -= 1;
    if (issued.pollsLeft >= 0) throw new Refusal('RequestInProgressException', 'The certificate is not yet issued.');
    return { Certificate: issued.pem, CertificateChain: authority.certificate?.pem };
  }
}

const describe = ({ arn, status, keyAlgorithm, subject }: Authority) => ({
  Arn: arn,
  Status: status,
  Type: 'ROOT',
  CertificateAuthorityConfiguration: { KeyAlgorithm: keyAlgorithm, Subject: { CommonName: subject } },
});

const moment = (validity: IssueBody['ValidityNotBefore']): EpochMs => {
  if (validity?.Type !== 'ABSOLUTE') throw new Refusal('InvalidArgsException', 'this server knows ABSOLUTE only');
  return epochMs(validity.Value * 1_000);
};

const keyIdentifier = (key: KeyObject): Uint8Array =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(body));
};
