import { z } from 'zod';
import { addressText, bytes, count, csrText, jsonText, nameText, pathText, pemText, tokenText } from './bounds.js';

/**
 * `banyan.lan.v1.SignLeafRequest`. Why a leaf is asked for: the first of an entry, its time, another root that signs, or a
 * root that is trusted no more. Whoever gives no reason asks for a first leaf, as far as anybody knows.
 */
export const SignLeafRequest = z.object({
  token: tokenText,
  csrPem: csrText,
  reason: z.enum(['first', 'renewal', 'rotation', 'taint', '']).optional(),
});
export type SignLeafRequest = z.output<typeof SignLeafRequest>;

/** `banyan.lan.v1.SignLeafReply`: a chain, or the wait in ms before the next try when the rate limit held it back. */
export const SignLeafReply = z.object({
  chainPem: pemText,
  createIndex: count,
  rootId: z.string().max(128),
  retryAfterMs: count.optional(),
});
export type SignLeafReply = z.output<typeof SignLeafReply>;

/** `banyan.lan.v1.RenewAgentRequest`: the caller's certificate says which agent it is. */
export const RenewAgentRequest = z.object({ csrPem: csrText });
export type RenewAgentRequest = z.output<typeof RenewAgentRequest>;

/** `banyan.lan.v1.RenewAgentReply`. */
export const RenewAgentReply = z.object({ certificatePem: pemText, bundleJson: jsonText });
export type RenewAgentReply = z.output<typeof RenewAgentReply>;

/** `banyan.lan.v1.WatchRequest`: a GET whose every new answer is streamed. */
export const WatchRequest = z.object({ path: pathText, token: tokenText });
export type WatchRequest = z.output<typeof WatchRequest>;

/** `banyan.lan.v1.WatchEvent`: one answer, as the HTTP API would give it. */
export const WatchEvent = z.object({ index: count, status: z.number().int().min(100).max(599), body: bytes });
export type WatchEvent = z.output<typeof WatchEvent>;

/** `banyan.lan.v1.ResolveTokenRequest`. */
export const ResolveTokenRequest = z.object({ token: tokenText });
export type ResolveTokenRequest = z.output<typeof ResolveTokenRequest>;

/** `banyan.lan.v1.ResolveTokenReply`: what the token may do, and how long (ms) the answer may be kept. */
export const ResolveTokenReply = z.object({ accessorId: z.string().max(128), roleJson: jsonText, ttlMs: count });
export type ResolveTokenReply = z.output<typeof ResolveTokenReply>;

/** `banyan.lan.v1.HeartbeatRequest`: `node` must be the caller's own. */
export const HeartbeatRequest = z.object({
  node: nameText,
  address: addressText,
  version: z.string().max(64),
  observedMs: count,
  nodeJson: jsonText.optional(),
  reportJson: jsonText.optional(),
});
export type HeartbeatRequest = z.output<typeof HeartbeatRequest>;

/**
 * `banyan.lan.v1.HeartbeatReply`: the server's clock, what holds where no intention matches, whether the catalog holds the
 * node, and over how many ms renewals after a change of root are spread.
 */
export const HeartbeatReply = z.object({
  serverMs: count,
  defaultIntentionPolicy: z.enum(['allow', 'deny', '']).optional(),
  known: z.boolean().optional(),
  reissueSpreadMs: count.optional(),
  /** host:port of the servers of the datacenter that live. */
  servers: z.array(addressText).max(256).optional(),
});
export type HeartbeatReply = z.output<typeof HeartbeatReply>;
