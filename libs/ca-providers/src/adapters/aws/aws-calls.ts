import type * as Aws from '@aws-sdk/client-acm-pca';
import { BanyanError, type Clock, SingleFlight, type Timers } from '@banyan/kernel';
import type { AwsOptions } from '../../domain/aws-options.js';
import { awsError } from './aws-errors.js';

/** The SDK, loaded when the first call is made: whoever does not use AWS does not pay for it. */
export type AwsSdk = typeof Aws;
/** As the SDK takes them; absent, it looks in its own places. */
export type AwsCredentials = Aws.ACMPCAClientConfig['credentials'];

/** With the SDK's own retries. Its own limits are not used: their timers would hold a stopping process. */
const CALL_LIMIT_MS = 20_000;
/** AWS has a certificate ready within seconds; a root certificate authority within a minute. */
const POLL_FIRST_MS = 250;
const POLL_CAP_MS = 3_000;
const POLL_LIMIT_MS = 90_000;

/** What every `send` of the SDK is given. */
export interface AwsCallOptions {
  readonly abortSignal: AbortSignal;
}

/** Calls of AWS Private CA: loaded lazily, limited in time, failures as coded errors. */
export class AwsCalls {
  readonly #loading = new SingleFlight<string, { readonly sdk: AwsSdk; readonly client: Aws.ACMPCAClient }>();
  #loaded: { readonly sdk: AwsSdk; readonly client: Aws.ACMPCAClient } | undefined;

  constructor(
    private readonly options: AwsOptions,
    private readonly credentials: AwsCredentials,
    private readonly waiting: { readonly clock: Clock; readonly timers: Timers },
  ) {}

  /** Runs one action within 20 s. Throws `PROVIDER_UNREACHABLE`, `PROVIDER_REFUSED`, `ABORTED`. */
  async call<T>(
    action: string,
    signal: AbortSignal,
    work: (sdk: AwsSdk, client: Aws.ACMPCAClient, options: AwsCallOptions) => Promise<T>,
  ): Promise<T> {
    const limit = AbortSignal.timeout(CALL_LIMIT_MS);
    try {
      signal.throwIfAborted();
      const { sdk, client } = await this.#load();
      // A signal of its own for each call: the SDK takes the one handler that a signal has.
      return await work(sdk, client, { abortSignal: AbortSignal.any([signal, limit]) });
    } catch (error) {
      if (limit.aborted && !signal.aborted) {
        throw new BanyanError('PROVIDER_UNREACHABLE', `acm-pca:${action} has no answer in time`, { cause: error });
      }
      throw awsError(error, action, signal);
    }
  }

  /** Asks again until `look` answers something, for 90 s at most; then `PROVIDER_UNREACHABLE`. */
  async until<T>(what: string, signal: AbortSignal, look: () => Promise<T | undefined>): Promise<T> {
    const { clock, timers } = this.waiting;
    const startedAt = clock.now();
    for (let pauseMs = POLL_FIRST_MS; ; pauseMs = Math.min(POLL_CAP_MS, pauseMs * 2)) {
      const found = await look();
      if (found !== undefined) return found;
      if (clock.now() - startedAt >= POLL_LIMIT_MS) {
        throw new BanyanError('PROVIDER_UNREACHABLE', `AWS has no ${what} ready after ${POLL_LIMIT_MS / 1_000} s`);
      }
      await timers.sleep(pauseMs, signal).catch((error: unknown) => {
        throw awsError(error, what, signal);
      });
    }
  }

  close(): void {
    this.#loaded?.client.destroy();
    this.#loaded = undefined;
  }

  async #load(): Promise<{ readonly sdk: AwsSdk; readonly client: Aws.ACMPCAClient }> {
    this.#loaded ??= await this.#loading.run('sdk', async () => {
      const sdk = await import('@aws-sdk/client-acm-pca');
      const { region, endpoint } = this.options;
      const client = new sdk.ACMPCAClient({
        ...(region !== undefined && { region }),
        ...(endpoint !== undefined && { endpoint }),
        ...(this.credentials !== undefined && { credentials: this.credentials }),
      });
      return { sdk, client };
    });
    return this.#loaded;
  }
}
