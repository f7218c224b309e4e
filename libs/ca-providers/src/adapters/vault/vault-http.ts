import { readdir, readFile } from 'node:fs/promises';
import { type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest, type RequestOptions as TlsRequestOptions } from 'node:https';
import { join } from 'node:path';
import { BanyanError, messageOf, parsedJson, type SecretText, type Timers } from '@banyan/kernel';
import type { VaultAnswer, VaultCall } from '../../domain/vault-answers.js';
import type { VaultConnection } from '../../domain/vault-options.js';
import { connectionError, TOO_LARGE } from './connection-error.js';

/** A signature by a Vault with its key in an HSM takes seconds at worst. */
const CALL_LIMIT_MS = 15_000;
/** An issuer with a chain of 30 certificates is far below. */
const MAX_ANSWER_BYTES = 1024 * 1024;
const CERTIFICATE_FILE = /\.(pem|crt|cer)$/;

/** How a call is authenticated. */
export interface VaultSender {
  readonly token?: SecretText;
  /** Empty for the root namespace. */
  readonly namespace: string;
}

/**
 * One request to Vault, with a limit on time and size. Each has a connection of its own: there are a few a day, and files
 * with certificates are read anew. Throws `PROVIDER_UNREACHABLE`, `PROVIDER_REFUSED` (TLS), `ABORTED`; an answer of any
 * status is an answer.
 */
export class VaultHttp {
  constructor(
    private readonly connection: VaultConnection,
    private readonly timers: Timers,
  ) {}

  async call(call: VaultCall, sender: VaultSender, signal: AbortSignal): Promise<VaultAnswer> {
    const url = new URL(`v1/${call.path}`, withTrailingSlash(this.connection.address));
    // The other spelling of LIST: proxies, and Node's own parser, do not know that method.
    if (call.method === 'LIST') url.searchParams.set('list', 'true');
    const answer = await this.#send({ call, sender, url }, signal);
    if (answer.location === undefined) return answer;
    // A standby sends callers on to the active server, over the same kind of connection and no further.
    if (!URL.canParse(answer.location, url.href)) {
      throw new BanyanError('PROVIDER_REFUSED', 'Vault redirects to what is no URL: correct its api_addr');
    }
    const next = new URL(answer.location, url);
    if (next.protocol !== url.protocol) {
      throw new BanyanError('PROVIDER_REFUSED', 'Vault redirects from https to http: correct its api_addr');
    }
    return this.#send({ call, sender, url: next }, signal);
  }

  async #send(
    { call, sender, url }: { readonly call: VaultCall; readonly sender: VaultSender; readonly url: URL },
    signal: AbortSignal,
  ): Promise<VaultAnswer & { readonly location?: string }> {
    if (signal.aborted) throw aborted(call);
    const limit = new AbortController();
    const timer = this.timers.set(CALL_LIMIT_MS, () => limit.abort());
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    try {
      const options: TlsRequestOptions = {
        method: call.method === 'LIST' ? 'GET' : call.method,
        headers: headersOf(sender, body),
        signal: AbortSignal.any([signal, limit.signal]),
        agent: false,
        ...(url.protocol === 'https:' && (await this.#tls())),
      };
      return await exchange(url, options, body);
    } catch (error) {
      if (signal.aborted) throw aborted(call);
      throw connectionError(error, { host: url.host, timedOut: limit.signal.aborted });
    } finally {
      timer.clear();
    }
  }

  async #tls(): Promise<TlsRequestOptions> {
    const { caFile, caPath, certFile, keyFile, serverName, skipVerify } = this.connection;
    const ca = [
      ...(caFile === undefined ? [] : [await readOption('CAFile', caFile)]),
      ...(caPath === undefined ? [] : await readFolder(caPath)),
    ];
    return {
      rejectUnauthorized: !skipVerify,
      minVersion: 'TLSv1.2',
      ...(ca.length > 0 && { ca }),
      ...(serverName !== undefined && { servername: serverName }),
      ...(certFile !== undefined && { cert: await readOption('CertFile', certFile) }),
      ...(keyFile !== undefined && { key: await readOption('KeyFile', keyFile) }),
    };
  }
}

const withTrailingSlash = (address: URL): URL => (address.href.endsWith('/') ? address : new URL(`${address.href}/`));

const headersOf = ({ token, namespace }: VaultSender, body: string | undefined): Record<string, string> => ({
  // Vault refuses requests without it when it is reached through an agent that was told to.
  'x-vault-request': 'true',
  ...(token !== undefined && { 'x-vault-token': token.reveal() }),
  ...(namespace !== '' && { 'x-vault-namespace': namespace }),
  ...(body !== undefined && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
});

const exchange = (
  url: URL,
  options: RequestOptions,
  body: string | undefined,
): Promise<VaultAnswer & { readonly location?: string }> =>
  new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    const request = send(url, options, (response) => {
      readBody(response).then((text) => {
        const status = response.statusCode ?? 0;
        const { location } = response.headers;
        const redirects = (status === 307 || status === 308) && location !== undefined;
        // A load balancer answers with HTML: the status says what is wrong, and shapes are checked where they are read.
        resolve({ status, body: parsedJson(text), ...(redirects && { location }) });
      }, reject);
    });
    request.on('error', reject);
    request.end(body);
  });

const readBody = async (response: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) {
      response.destroy();
      throw new BanyanError('PROVIDER_REFUSED', TOO_LARGE);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
};

const readOption = async (option: string, path: string): Promise<Buffer> => {
  try {
    return await readFile(path);
  } catch (error) {
    throw unreadable(option, error);
  }
};

const readFolder = async (path: string): Promise<Buffer[]> => {
  try {
    const names = (await readdir(path)).filter((name) => CERTIFICATE_FILE.test(name)).toSorted();
    return await Promise.all(names.map((name) => readFile(join(path, name))));
  } catch (error) {
    throw unreadable('CAPath', error);
  }
};

const unreadable = (option: string, error: unknown): BanyanError =>
  new BanyanError('PROVIDER_REFUSED', `${option} cannot be read: ${messageOf(error)}`, { cause: error });

const aborted = (call: VaultCall): BanyanError => new BanyanError('ABORTED', `the call of ${call.path} was cancelled`);
