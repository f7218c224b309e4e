import { type Caller, parseRole } from '@banyan/acl';
import {
  EntrySource,
  type EntryEvent,
  type EntryRequest,
  type LeafRequest,
  LeafSigner,
  type SignedLeaf,
} from '@banyan/agent-cache';
import { type CarriedAnswer, type CarriedRequest, ServerCalls } from '@banyan/agent-api';
import { answerLimitMs } from '@banyan/http-kit';
import { BanyanError, SecretText } from '@banyan/kernel';
import type { LanClient } from '@banyan/rpc';
import { inSpan } from '@banyan/telemetry';

const ANONYMOUS_TOKEN = new SecretText('');

/** The cache's entries, followed over LAN. */
export class LanEntrySource extends EntrySource {
  constructor(private readonly lan: LanClient) {
    super();
  }

  override async *follow({ path, token }: EntryRequest, signal: AbortSignal): AsyncGenerator<EntryEvent> {
    for await (const event of this.lan.watch({ path, token: token ?? ANONYMOUS_TOKEN }, { signal })) {
      yield { index: event.index, status: event.status, body: Buffer.from(event.body) };
    }
  }
}

/** Leaves, signed over LAN. */
export class LanLeafSigner extends LeafSigner {
  constructor(private readonly lan: LanClient) {
    super();
  }

  override sign(request: LeafRequest): Promise<SignedLeaf> {
    return inSpan({ name: 'leaf.request', attributes: { 'banyan.reason': request.reason } }, () => this.#sign(request));
  }

  async #sign({ csrPem, token, reason }: LeafRequest): Promise<SignedLeaf> {
    const reply = await this.lan.signLeaf({ csrPem, token: token ?? ANONYMOUS_TOKEN, reason });
    if (reply.chainPem !== '') return { chainPem: reply.chainPem, index: reply.createIndex, rootId: reply.rootId };
    throw new BanyanError('CSR_RATE_LIMITED', 'Rate limit reached, try again later', {
      fields: { retryAfterMs: reply.retryAfterMs ?? 500 },
    });
  }
}

/** Everything else, carried over LAN. */
export class LanServerCalls extends ServerCalls {
  constructor(private readonly lan: LanClient) {
    super();
  }

  /** Neither path nor query stands in the span: a query may hold a token. */
  override forward(request: CarriedRequest): Promise<CarriedAnswer> {
    const attributes = { 'http.request.method': request.method };
    return inSpan({ name: 'request.forward', attributes }, () => this.#forward(request));
  }

  #forward({ method, path, token, body, signal, remoteAddress }: CarriedRequest): Promise<CarriedAnswer> {
    return this.lan.forward(
      {
        method: method as 'GET',
        path,
        headers: { ...(token && { 'x-consul-token': token.reveal() }), 'x-banyan-remote-address': remoteAddress },
        body,
      },
      { signal, deadlineMs: answerLimitMs(method, path) },
    );
  }

  override async resolveToken(secret: SecretText): Promise<{ caller: Caller; ttlMs: number }> {
    const { accessorId, roleJson, ttlMs } = await this.lan.resolveToken({ token: secret });
    const role = roleJson === '' ? undefined : parseRole(JSON.parse(roleJson));
    return { caller: { accessorId, description: '', ...(role && { role }) }, ttlMs };
  }
}
