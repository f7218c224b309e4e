import {
  type IntermediateOrder,
  type ProvidedRoot,
  type ProviderCondition,
  RootProvider,
  type RootRequest,
} from '@banyan/ca';
import { BanyanError, isBanyanError } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import { type AwsOptions, awsTemplate } from '../../domain/aws-options.js';
import { type AwsKey, awsKey, parseKeyReference } from '../../domain/key-reference.js';
import { acceptIntermediate, readProduct } from '../../domain/product-checks.js';
import type { AwsAuthorities } from './aws-authorities.js';
import type { AwsCalls } from './aws-calls.js';
import { issueAtAws } from './aws-issuing.js';

const INTERMEDIATE_TEMPLATE = 'SubordinateCACertificate_PathLen0_APIPassthrough/V1';

/** A root of AWS Private CA. The key never leaves it, and it vouches for no key but those it issues to. */
export class AwsPcaProvider extends RootProvider {
  constructor(
    private readonly options: AwsOptions,
    private readonly calls: AwsCalls,
    private readonly authorities: AwsAuthorities,
  ) {
    super();
  }

  override async provide(request: RootRequest, signal: AbortSignal): Promise<ProvidedRoot> {
    const { existingArn } = this.options;
    const arn = existingArn ?? (await this.authorities.ofRotation(request, signal));
    const { Status } = await this.authorities.describe(arn, signal);
    if (Status !== 'ACTIVE') {
      throw new BanyanError(
        'PROVIDER_REFUSED',
        `the certificate authority ${arn} is ${Status ?? 'in no state'}, not ACTIVE`,
      );
    }
    const key: AwsKey = { kind: 'aws-pca', arn, made: existingArn === undefined };
    const certificatePem = readProduct(await this.authorities.certificate(arn, signal)).pem;
    return { certificatePem, keyReference: JSON.stringify(key) };
  }

  override async signIntermediate(
    keyReference: string,
    order: IntermediateOrder,
    signal: AbortSignal,
  ): Promise<string> {
    const { arn } = parseKeyReference(awsKey, keyReference);
    const { CertificateAuthorityConfiguration: configuration } = await this.authorities.describe(arn, signal);
    if (configuration?.KeyAlgorithm === undefined) {
      throw new BanyanError('PROVIDER_REFUSED', `the certificate authority ${arn} names no key algorithm`);
    }
    const { csrPem, commonName, uri, notAfter, prepared } = order;
    const certificate = await issueAtAws(
      this.calls,
      {
        arn,
        csrPem,
        algorithm: configuration.KeyAlgorithm,
        template: awsTemplate(arn, INTERMEDIATE_TEMPLATE),
        uri,
        commonName,
        notBefore: prepared.notBefore,
        notAfter,
      },
      signal,
    );
    return acceptIntermediate(certificate, order);
  }

  override async crossSign(): Promise<string> {
    return Promise.reject(
      new BanyanError(
        'PROVIDER_CANNOT_CROSS_SIGN',
        'the provider aws-pca does not support cross-signing: AWS Private CA certifies no key but one that asks for it. Wait until everybody trusts the next root, or set ForceWithoutCrossSigning',
      ),
    );
  }

  override async inspect(
    keyReference: string,
    certificatePem: string,
    signal: AbortSignal,
  ): Promise<ProviderCondition> {
    try {
      const { arn } = parseKeyReference(awsKey, keyReference);
      const { Status } = await this.authorities.describe(arn, signal);
      if (Status !== 'ACTIVE') return { kind: 'drift', reason: `${arn} is ${Status ?? 'in no state'}, not ACTIVE` };
      const present = readProduct(await this.authorities.certificate(arn, signal));
      if (present.equals(Certificate.fromPem(certificatePem))) return { kind: 'ready' };
      return { kind: 'drift', reason: `${arn}: its certificate is another one` };
    } catch (error) {
      if (!isBanyanError(error, 'PROVIDER_UNREACHABLE', 'PROVIDER_REFUSED')) throw error;
      if (error.fields['reason'] === 'ResourceNotFoundException') return { kind: 'drift', reason: error.message };
      return { kind: 'unreachable', reason: error.message };
    }
  }

  /** Whether AWS is reached and lets us look: the first call of making a root. */
  async lookAround(signal: AbortSignal): Promise<void> {
    await this.authorities.find('preflight', signal);
  }

  override async destroy(keyReference: string, signal: AbortSignal): Promise<void> {
    const { arn, made } = parseKeyReference(awsKey, keyReference);
    if (made) await this.authorities.remove(arn, signal);
  }
}
