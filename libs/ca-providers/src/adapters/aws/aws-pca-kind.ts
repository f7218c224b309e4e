import type { PreflightRequest, PreflightStep, RootProviderKind } from '@banyan/ca';
import { isBanyanError } from '@banyan/kernel';
import { AWS_IDENTITY_NAMES, AWS_OPTION_NAMES, parseAwsOptions } from '../../domain/aws-options.js';
import { preflight } from '../preflight.js';
import type { ProviderSurroundings } from '../provider-surroundings.js';
import { AwsAuthorities } from './aws-authorities.js';
import { AwsCalls, type AwsCredentials } from './aws-calls.js';
import { AwsPcaProvider } from './aws-pca-provider.js';

/** `aws-pca`: roots in AWS Private CA. Providers of equal options share one client, closed by `stop`. */
export class AwsPcaKind implements RootProviderKind {
  readonly name = 'aws-pca';
  readonly optionNames = AWS_OPTION_NAMES;
  readonly secretNames = [];
  readonly identityNames = AWS_IDENTITY_NAMES;
  readonly #calls = new Map<string, AwsCalls>();

  constructor(
    private readonly surroundings: ProviderSurroundings,
    /** Absent: what AWS's own environment says (variables, files, instance role). */
    private readonly credentials?: AwsCredentials,
  ) {}

  open(options: Readonly<Record<string, unknown>>): AwsPcaProvider {
    const parsed = parseAwsOptions(options);
    const key = JSON.stringify([parsed.region, parsed.endpoint]);
    const calls = this.#calls.get(key) ?? new AwsCalls(parsed, this.credentials, this.surroundings);
    this.#calls.set(key, calls);
    return new AwsPcaProvider(parsed, calls, new AwsAuthorities(calls));
  }

  /** An existing authority signs a throwaway; none is created for a trial, since AWS charges for each by the month. */
  async preflight(
    options: Readonly<Record<string, unknown>>,
    request: PreflightRequest,
    signal: AbortSignal,
  ): Promise<readonly PreflightStep[]> {
    const provider = this.open(options);
    if (parseAwsOptions(options).existingArn !== undefined) return preflight(provider, request, signal);
    const skip = {
      outcome: 'skipped',
      reason: 'AWS charges for a certificate authority: none is made for a trial',
    } as const;
    return [await this.#look(provider, signal), { step: 'sign-intermediate', ...skip }, { step: 'destroy', ...skip }];
  }

  async #look(provider: AwsPcaProvider, signal: AbortSignal): Promise<PreflightStep> {
    try {
      await provider.lookAround(signal);
      return { step: 'inspect', outcome: 'ok' };
    } catch (error) {
      if (!isBanyanError(error) || error.code === 'ABORTED') throw error;
      return { step: 'inspect', outcome: 'failed', code: error.code, reason: error.message };
    }
  }

  async stop(): Promise<void> {
    for (const calls of this.#calls.values()) calls.close();
    this.#calls.clear();
    return Promise.resolve();
  }
}
