import { z } from 'zod';
import { bytes, pathText } from './bounds.js';

/** Names in lower case; at most 100 headers of 8 KiB, as Node's own HTTP server would take. */
const headers = z
  .record(z.string().regex(/^[a-z0-9-]{1,100}$/), z.string().max(8192))
  .refine((all) => Object.keys(all).length <= 100, 'more than 100 headers');

/** `banyan.http.v1.HttpRequest`: an HTTP API request carried to the server that can answer it. */
export const HttpRequest = z.object({
  method: z.enum(['GET', 'PUT', 'POST', 'DELETE', 'HEAD']),
  path: pathText,
  headers,
  body: bytes,
});
export type HttpRequest = z.output<typeof HttpRequest>;

/** `banyan.http.v1.HttpReply`. */
export const HttpReply = z.object({ status: z.number().int().min(100).max(599), headers, body: bytes });
export type HttpReply = z.output<typeof HttpReply>;
