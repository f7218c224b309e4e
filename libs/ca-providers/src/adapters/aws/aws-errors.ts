import { BanyanError, isBanyanError, messageOf } from '@banyan/kernel';
import { z } from 'zod';
import { errorText } from '../../domain/error-name.js';

const TRY_AGAIN = new Set([
  'ThrottlingException',
  'TooManyRequestsException',
  'RequestInProgressException',
  'InternalFailure',
  'InternalServerError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'TimeoutError',
  'ConcurrentModificationException',
]);

/** What each refusal asks for. */
const FIXES: ReadonlyMap<string, string> = new Map([
  ['CredentialsProviderError', 'no AWS credentials were found: give the server an instance role, or AWS_ACCESS_KEY_ID'],
  ['UnrecognizedClientException', 'AWS does not know the access key: replace it'],
  ['InvalidSignatureException', 'AWS refuses the signature: check the secret key and the clock of this host'],
  ['ExpiredTokenException', 'the AWS session has expired: renew its credentials'],
  ['ResourceNotFoundException', 'the certificate authority does not exist: check ExistingARN and Region'],
  ['InvalidArnException', 'ExistingARN is not an ARN of AWS Private CA'],
  [
    'InvalidStateException',
    'the certificate authority is in a state that does not allow it: enable or renew it in AWS',
  ],
  ['LimitExceededException', 'an AWS quota is reached: ask AWS to raise it, or delete what is not needed'],
  ['MalformedCSRException', 'AWS does not take the request for a certificate'],
]);

/** A failure of the AWS SDK as a coded error that names the action and what to do. */
export const awsError = (error: unknown, action: string, signal: AbortSignal): BanyanError => {
  if (isBanyanError(error)) return error;
  if (signal.aborted) return new BanyanError('ABORTED', `acm-pca:${action} was cancelled`);
  const name = errorText(error, 'name');
  const options = { cause: error, fields: { action, reason: name } };
  if (name === 'AccessDeniedException') {
    return new BanyanError('PROVIDER_REFUSED', `AWS denies acm-pca:${action}: allow it in the IAM policy`, options);
  }
  const text = messageOf(error);
  if (text.includes('Region is missing')) {
    return new BanyanError('PROVIDER_REFUSED', 'no AWS region is known: set Region, or AWS_REGION', options);
  }
  const fix = FIXES.get(name);
  if (fix !== undefined) return new BanyanError('PROVIDER_REFUSED', `acm-pca:${action} fails: ${fix}`, options);
  if (TRY_AGAIN.has(name) || statusOf(error) === undefined || statusOf(error)! >= 500) {
    return new BanyanError('PROVIDER_UNREACHABLE', `acm-pca:${action} has no answer now: ${name || text}`, options);
  }
  return new BanyanError('PROVIDER_REFUSED', `AWS refuses acm-pca:${action}: ${name}: ${text.slice(0, 200)}`, options);
};

const responseSchema = z.object({ $metadata: z.object({ httpStatusCode: z.number() }) });

const statusOf = (error: unknown): number | undefined => responseSchema.safeParse(error).data?.$metadata.httpStatusCode;
