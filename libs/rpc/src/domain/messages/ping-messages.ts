import { z } from 'zod';

/** `PingRequest` of the LAN and the WAN service. */
export const PingRequest = z.object({});
export type PingRequest = z.output<typeof PingRequest>;

/** `PingReply` of the LAN and the WAN service: the process lives. */
export const PingReply = z.object({});
export type PingReply = z.output<typeof PingReply>;
