import { BanyanError, messageOf, type SecretText } from '@banyan/kernel';
import { z } from 'zod';

const REQUEST_LIMIT_MS = 15_000;

export interface JsonRequest<T> {
  readonly method?: 'GET' | 'PUT';
  readonly path: string;
  readonly token?: SecretText;
  readonly body?: unknown;
  readonly shape: z.ZodType<T>;
}

/** For answers whose body does not matter. */
export const anything = z.unknown();

/** Asks one server or agent over HTTP; every failure names the request and the answer, never the token. */
export class JsonClient {
  constructor(readonly address: string) {}

  /** Throws `SERVER_UNREACHABLE`, or `INTERNAL` with the answer when it is not a 200 of the expected shape. */
  async ask<T>(request: JsonRequest<T>): Promise<T> {
    const name = `${request.method ?? 'GET'} http://${this.address}${request.path}`;
    const response = await this.#send(request, name);
    const text = await response.text();
    if (response.status !== 200) {
      throw new BanyanError('INTERNAL', `${name} answered ${response.status}: ${text.slice(0, 500).trim()}`);
    }
    const parsed = request.shape.safeParse(text === '' ? undefined : JSON.parse(text));
    if (parsed.success) return parsed.data;
    throw new BanyanError('INTERNAL', `${name} answered in an unexpected shape: ${z.prettifyError(parsed.error)}`);
  }

  /** The status and text of GET `path`; `undefined` while nobody answers. */
  async probe(path: string): Promise<{ readonly status: number; readonly text: string } | undefined> {
    const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
    try {
      const response = await fetch(`http://${this.address}${path}`, { signal });
      return { status: response.status, text: await response.text() };
    } catch {
      return undefined;
    }
  }

  async #send<T>(request: JsonRequest<T>, name: string): Promise<Response> {
    const headers = {
      ...(request.token === undefined ? {} : { 'x-consul-token': request.token.reveal() }),
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    try {
      return await fetch(`http://${this.address}${request.path}`, {
        method: request.method ?? 'GET',
        headers,
        signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      });
    } catch (cause) {
      const reason = cause instanceof Error && cause.cause !== undefined ? messageOf(cause.cause) : messageOf(cause);
      throw new BanyanError('SERVER_UNREACHABLE', `${name} failed: ${reason}`, { cause });
    }
  }
}
