import type * as Aws from '@aws-sdk/client-acm-pca';
import { BanyanError } from '@banyan/kernel';
import { awsSigningAlgorithm } from '../../domain/aws-options.js';
import { awsError } from './aws-errors.js';
import type { AwsCalls } from './aws-calls.js';

/** A certificate that AWS is asked to issue. Source: the API reference of AWS Private CA, IssueCertificate. */
export interface AwsOrder {
  readonly arn: string;
  readonly csrPem: string;
  /** Of the issuing key. */
  readonly algorithm: Aws.KeyAlgorithm;
  readonly template: string;
  readonly uri: string;
  readonly commonName: string;
  /** Milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const wholeSeconds = (moment: number): Aws.Validity => ({ Type: 'ABSOLUTE', Value: Math.floor(moment / 1_000) });

/** IssueCertificate, then GetCertificate until it is there; PEM. Names go beside the request: AWS drops its extensions. */
export const issueAtAws = async (calls: AwsCalls, order: AwsOrder, signal: AbortSignal): Promise<string> => {
  const { arn } = order;
  const request: Aws.IssueCertificateRequest = {
    CertificateAuthorityArn: arn,
    Csr: Buffer.from(order.csrPem),
    SigningAlgorithm: awsSigningAlgorithm(order.algorithm),
    TemplateArn: order.template,
    Validity: wholeSeconds(order.notAfter),
    ValidityNotBefore: wholeSeconds(order.notBefore),
    ApiPassthrough: {
      Subject: { CommonName: order.commonName },
      Extensions: { SubjectAlternativeNames: [{ UniformResourceIdentifier: order.uri }] },
    },
  };
  const { CertificateArn: certificateArn } = await calls.call(
    'IssueCertificate',
    signal,
    async (sdk, client, options) => client.send(new sdk.IssueCertificateCommand(request), options),
  );
  if (certificateArn === undefined) {
    throw new BanyanError('PROVIDER_REFUSED', 'acm-pca:IssueCertificate answered no ARN', { fields: { arn } });
  }
  return calls.until('certificate', signal, async () =>
    calls.call('GetCertificate', signal, async (sdk, client, options) => {
      const ask = { CertificateAuthorityArn: arn, CertificateArn: certificateArn };
      try {
        return (await client.send(new sdk.GetCertificateCommand(ask), options)).Certificate;
      } catch (error) {
        if (error instanceof sdk.RequestInProgressException) return undefined;
        throw awsError(error, 'GetCertificate', signal);
      }
    }),
  );
};
