import { z } from 'zod';
import { bytes, count, datacenterText, jsonText, tokenText } from './bounds.js';

/** `banyan.wan.v1.FollowRequest`: the follower's datacenter and its cursor; an empty epoch asks for a snapshot. */
export const FollowRequest = z.object({
  token: tokenText,
  datacenter: datacenterText,
  epoch: z.string().max(64),
  index: count,
  logHash: z.string().max(128).optional(),
  protocol: count.optional(),
});
export type FollowRequest = z.output<typeof FollowRequest>;

/** `banyan.wan.v1.FeedItem`. */
export const FeedItem = z.object({
  topic: z.string().min(1).max(64),
  key: z.string().min(1).max(1024),
  operation: z.enum(['upsert', 'delete']),
  contentHash: z.string().max(128),
  body: bytes,
});
export type FeedItem = z.output<typeof FeedItem>;

/** `banyan.wan.v1.FeedEvent`: an atomic batch, a part of one (`more`), or a proof of life (`heartbeat`). */
export const FeedEvent = z.object({
  epoch: z.string().max(64),
  index: count,
  snapshot: z.boolean(),
  items: z.array(FeedItem),
  heartbeat: z.boolean(),
  sentAtMs: count,
  more: z.boolean(),
  latest: count.optional(),
  logHash: z.string().max(128).optional(),
  protocol: count.optional(),
});
export type FeedEvent = z.output<typeof FeedEvent>;

/** `banyan.wan.v1.ReportRequest`: a secondary's status, as the federation room writes it. */
export const ReportRequest = z.object({ datacenter: datacenterText, json: jsonText });
export type ReportRequest = z.output<typeof ReportRequest>;

/** `banyan.wan.v1.ReportReply`: received, and how long the canary took that the report tells of (0 = unknown). */
export const ReportReply = z.object({ roundTripMs: count.optional() });
export type ReportReply = z.output<typeof ReportReply>;
