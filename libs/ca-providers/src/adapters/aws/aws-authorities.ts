import type * as Aws from '@aws-sdk/client-acm-pca';
import type { RootRequest } from '@banyan/ca';
import { BanyanError, MINUTE } from '@banyan/kernel';
import { awsKeyAlgorithm, awsSigningAlgorithm, awsTemplate } from '../../domain/aws-options.js';
import type { AwsCalls } from './aws-calls.js';
import { type AwsOrder, issueAtAws } from './aws-issuing.js';

/** Marks what banyan made, so that a second call of one rotation finds it. */
const ROTATION_TAG = 'banyan-rotation';
const ROOT_TEMPLATE = 'RootCACertificate_APIPassthrough/V1';
const GONE: ReadonlySet<string | undefined> = new Set(['DELETED', 'FAILED']);
/** AWS keeps what is deleted for at least a week, in which it can be brought back. */
const SHORTEST_GRACE_DAYS = 7;

/** Certificate authorities as AWS holds them: found, made, and taken away. */
export class AwsAuthorities {
  constructor(private readonly calls: AwsCalls) {}

  async describe(arn: string, signal: AbortSignal): Promise<Aws.CertificateAuthority> {
    const answer = await this.calls.call('DescribeCertificateAuthority', signal, async (sdk, client, options) =>
      client.send(new sdk.DescribeCertificateAuthorityCommand({ CertificateAuthorityArn: arn }), options),
    );
    if (answer.CertificateAuthority === undefined) throw refused(arn, 'is described by nothing');
    return answer.CertificateAuthority;
  }

  async certificate(arn: string, signal: AbortSignal): Promise<string> {
    const answer = await this.calls.call('GetCertificateAuthorityCertificate', signal, async (sdk, client, options) =>
      client.send(new sdk.GetCertificateAuthorityCertificateCommand({ CertificateAuthorityArn: arn }), options),
    );
    if (answer.Certificate === undefined) throw refused(arn, 'has no certificate');
    if (answer.CertificateChain !== undefined && answer.CertificateChain !== '') {
      throw refused(arn, 'is subordinate to another: name a root');
    }
    return answer.Certificate;
  }

  /** The authority of this rotation: found by its tag, or created; completed from wherever a crash left it. */
  async ofRotation(request: RootRequest, signal: AbortSignal): Promise<string> {
    const arn = (await this.find(request.rotationId, signal)) ?? (await this.#create(request, signal));
    const { Status, CertificateAuthorityConfiguration } = await this.calls.until(
      'certificate authority',
      signal,
      async () => {
        const authority = await this.describe(arn, signal);
        return authority.Status === 'CREATING' ? undefined : authority;
      },
    );
    if (Status === 'ACTIVE') return arn;
    if (Status !== 'PENDING_CERTIFICATE') throw refused(arn, `is ${Status ?? 'in no state'}`);
    const algorithm = CertificateAuthorityConfiguration?.KeyAlgorithm ?? awsKeyAlgorithm(request.keySpec);
    await this.#install(arn, { request, algorithm }, signal);
    return arn;
  }

  /** Disables and deletes it; AWS keeps it restorable for seven days. Nothing happens to one that is gone. */
  async remove(arn: string, signal: AbortSignal): Promise<void> {
    const { Status } = await this.describe(arn, signal);
    if (GONE.has(Status)) return;
    if (Status === 'ACTIVE') {
      await this.calls.call('UpdateCertificateAuthority', signal, async (sdk, client, options) =>
        client.send(
          new sdk.UpdateCertificateAuthorityCommand({ CertificateAuthorityArn: arn, Status: 'DISABLED' }),
          options,
        ),
      );
    }
    const order = { CertificateAuthorityArn: arn, PermanentDeletionTimeInDays: SHORTEST_GRACE_DAYS };
    await this.calls.call('DeleteCertificateAuthority', signal, async (sdk, client, options) =>
      client.send(new sdk.DeleteCertificateAuthorityCommand(order), options),
    );
  }

  /** The ARN of the authority that was made for a rotation, if there is one. */
  async find(rotationId: string, signal: AbortSignal): Promise<string | undefined> {
    for (let next: string | undefined, first = true; first || next !== undefined; first = false) {
      const page: Aws.ListCertificateAuthoritiesResponse = await this.calls.call(
        'ListCertificateAuthorities',
        signal,
        async (sdk, client, options) =>
          client.send(
            new sdk.ListCertificateAuthoritiesCommand({ ...(next !== undefined && { NextToken: next }) }),
            options,
          ),
      );
      for (const { Arn: arn, Type, Status } of page.CertificateAuthorities ?? []) {
        if (arn === undefined || Type !== 'ROOT' || GONE.has(Status)) continue;
        if (await this.#isOf(arn, rotationId, signal)) return arn;
      }
      next = page.NextToken;
    }
    return undefined;
  }

  async #isOf(arn: string, rotationId: string, signal: AbortSignal): Promise<boolean> {
    const { Tags } = await this.calls.call('ListTags', signal, async (sdk, client, options) =>
      client.send(new sdk.ListTagsCommand({ CertificateAuthorityArn: arn }), options),
    );
    return (Tags ?? []).some(({ Key, Value }) => Key === ROTATION_TAG && Value === rotationId);
  }

  async #create({ keySpec, commonName, rotationId }: RootRequest, signal: AbortSignal): Promise<string> {
    const KeyAlgorithm = awsKeyAlgorithm(keySpec);
    const order: Aws.CreateCertificateAuthorityRequest = {
      CertificateAuthorityType: 'ROOT',
      CertificateAuthorityConfiguration: {
        KeyAlgorithm,
        SigningAlgorithm: awsSigningAlgorithm(KeyAlgorithm),
        Subject: { CommonName: commonName },
      },
      IdempotencyToken: rotationId.slice(0, 36),
      Tags: [{ Key: ROTATION_TAG, Value: rotationId }],
    };
    const { CertificateAuthorityArn: arn } = await this.calls.call(
      'CreateCertificateAuthority',
      signal,
      async (sdk, client, options) => client.send(new sdk.CreateCertificateAuthorityCommand(order), options),
    );
    if (arn === undefined) throw refused('a new one', 'got no ARN');
    return arn;
  }

  async #install(
    arn: string,
    { request, algorithm }: { readonly request: RootRequest; readonly algorithm: Aws.KeyAlgorithm },
    signal: AbortSignal,
  ): Promise<void> {
    const { Csr } = await this.calls.call('GetCertificateAuthorityCsr', signal, async (sdk, client, options) =>
      client.send(new sdk.GetCertificateAuthorityCsrCommand({ CertificateAuthorityArn: arn }), options),
    );
    const order: AwsOrder = {
      arn,
      csrPem: Csr ?? '',
      algorithm,
      template: awsTemplate(arn, ROOT_TEMPLATE),
      uri: `spiffe://${request.trustDomain}`,
      commonName: request.commonName,
      notBefore: request.now - MINUTE,
      notAfter: request.now + request.lifetimeMs,
    };
    const certificate = await issueAtAws(this.calls, order, signal);
    const body = { CertificateAuthorityArn: arn, Certificate: Buffer.from(certificate) };
    await this.calls.call('ImportCertificateAuthorityCertificate', signal, async (sdk, client, options) =>
      client.send(new sdk.ImportCertificateAuthorityCertificateCommand(body), options),
    );
  }
}

const refused = (arn: string, what: string): BanyanError =>
  new BanyanError('PROVIDER_REFUSED', `the certificate authority ${arn} ${what}`, { fields: { arn } });
