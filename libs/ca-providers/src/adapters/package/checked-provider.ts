import {
  HIDDEN,
  type IntermediateOrder,
  type ProvidedRoot,
  type ProviderCondition,
  RootProvider,
  type RootRequest,
} from '@banyan/ca';
import { BanyanError, isBanyanError, messageOf } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import { z } from 'zod';
import { acceptCrossSigned, acceptIntermediate, readProduct } from '../../domain/product-checks.js';

const providedSchema = z.object({
  certificatePem: z.string().min(1),
  keyReference: z
    .string()
    .min(1)
    .max(64 * 1024),
});
const conditionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.enum(['unreachable', 'drift']), reason: z.string().max(1_000) }),
]);

/** The provider that a package opened, as far as it is one. */
export type ForeignProvider = Pick<RootProvider, 'provide' | 'signIntermediate' | 'crossSign' | 'inspect' | 'destroy'>;

const METHODS = ['provide', 'signIntermediate', 'crossSign', 'inspect', 'destroy'] as const;

/** Whether a value has the methods of a provider. */
export const isProvider = (value: unknown): value is ForeignProvider =>
  typeof value === 'object' &&
  value !== null &&
  METHODS.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');

/**
 * A provider of somebody else's, at arm's length: what it answers is compared with what was ordered, what it throws gets a
 * code and loses secrets, and a call that is given up ends even if the provider does not.
 */
export class CheckedProvider extends RootProvider {
  constructor(
    private readonly packageName: string,
    private readonly provider: ForeignProvider,
    private readonly secrets: readonly string[],
  ) {
    super();
  }

  override async provide(request: RootRequest, signal: AbortSignal): Promise<ProvidedRoot> {
    const root = this.#shaped(
      providedSchema,
      await this.#guarded(signal, () => this.provider.provide(request, signal)),
    );
    return { certificatePem: readProduct(root.certificatePem).pem, keyReference: root.keyReference };
  }

  override async signIntermediate(
    keyReference: string,
    order: IntermediateOrder,
    signal: AbortSignal,
  ): Promise<string> {
    const work = () => this.provider.signIntermediate(keyReference, order, signal);
    return acceptIntermediate(this.#shaped(z.string(), await this.#guarded(signal, work)), order);
  }

  override async crossSign(
    keyReference: string,
    order: Parameters<RootProvider['crossSign']>[1],
    signal: AbortSignal,
  ): Promise<string> {
    const pem = this.#shaped(
      z.string(),
      await this.#guarded(signal, () => this.provider.crossSign(keyReference, order, signal)),
    );
    return acceptCrossSigned(pem, { nextRootPem: order.nextRootPem });
  }

  override async inspect(
    keyReference: string,
    certificatePem: string,
    signal: AbortSignal,
  ): Promise<ProviderCondition> {
    try {
      const work = () => this.provider.inspect(keyReference, Certificate.fromPem(certificatePem).pem, signal);
      return this.#shaped(conditionSchema, await this.#guarded(signal, work));
    } catch (error) {
      if (!isBanyanError(error, 'PROVIDER_UNREACHABLE', 'PROVIDER_REFUSED')) throw error;
      return { kind: 'unreachable', reason: error.message };
    }
  }

  override async destroy(keyReference: string, signal: AbortSignal): Promise<void> {
    await this.#guarded(signal, () => this.provider.destroy(keyReference, signal));
  }

  async #guarded<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (signal.aborted) throw this.#aborted();
    const given = new GivenUp(signal, this.#aborted());
    try {
      return await Promise.race([work(), given.promise]);
    } catch (error) {
      throw this.#coded(error);
    } finally {
      given.release();
    }
  }

  /** An error without a code may heal by itself: it is tried again. */
  #coded(error: unknown): BanyanError {
    if (isBanyanError(error) && !this.#showsSecret(error.message)) return error;
    const code = isBanyanError(error) ? error.code : 'PROVIDER_UNREACHABLE';
    const text = `the CA provider package ${this.packageName} failed: ${this.#redacted(messageOf(error))}`;
    return new BanyanError(code, text, { fields: { package: this.packageName } });
  }

  #showsSecret(text: string): boolean {
    return this.secrets.some((secret) => text.includes(secret));
  }

  #redacted(text: string): string {
    return this.secrets.reduce((clean, secret) => clean.replaceAll(secret, HIDDEN), text).slice(0, 300);
  }

  #aborted(): BanyanError {
    return new BanyanError('ABORTED', `a call of the CA provider package ${this.packageName} was cancelled`);
  }

  #shaped<T>(schema: z.ZodType<T>, value: unknown): T {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new BanyanError(
      'PROVIDER_REFUSED',
      `the CA provider package ${this.packageName} answered something else than the port asks for: ${parsed.error.issues[0]?.path.join('.') ?? ''}`,
      { fields: { package: this.packageName } },
    );
  }
}

/** Rejects when the caller gives up; released when the work ended first. */
class GivenUp {
  readonly promise: Promise<never>;
  readonly #stop: () => void;

  constructor(
    private readonly signal: AbortSignal,
    error: BanyanError,
  ) {
    let reject: ((error: BanyanError) => void) | undefined;
    this.promise = new Promise<never>((_, rejects) => {
      reject = rejects;
    });
    this.#stop = () => reject?.(error);
    signal.addEventListener('abort', this.#stop, { once: true });
  }

  release(): void {
    this.signal.removeEventListener('abort', this.#stop);
  }
}
