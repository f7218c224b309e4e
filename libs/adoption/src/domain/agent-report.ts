import { z } from 'zod';

/** SHA-1 of a root's DER in colon hex: 59 characters. */
const rootId = z.string().min(1).max(64);
const MOST_ROOTS = 64;
const count = z.int().min(0);

/** Amounts by root ID; at most as many as a bundle holds. */
const byRoot = z
  .record(rootId, count)
  .refine((amounts) => Object.keys(amounts).length <= MOST_ROOTS, `more than ${MOST_ROOTS} roots`);

/** 20 bytes in colon hex are 59 characters. */
const keyId = z.string().min(1).max(256);
const byKey = z
  .record(keyId, count)
  .refine((amounts) => Object.keys(amounts).length <= MOST_ROOTS, `more than ${MOST_ROOTS} keys`);

/** A peer whose chain does not verify without the roots that are to go. The real handshake was accepted. */
const shadowFailureSchema = z.object({
  /** SPIFFE ID of the peer. */
  peer: z.string().max(512),
  /** The service of this host at the other end. */
  service: z.string().max(256),
  direction: z.enum(['inbound', 'outbound']),
  reason: z.string().max(256),
  count,
  lastAt: z.number(),
});
export type ShadowFailure = z.output<typeof shadowFailureSchema>;

/** Handshakes verified a second time against the active root only. Counted anew when that root changes. */
export const shadowSchema = z.object({
  /** The one root of the shadow trust store; absent while nothing is compared (the bundle holds one root). */
  rootId: rootId.optional(),
  checked: count,
  failed: count,
  /** Of `checked`: handshakes that were opened only to look at an idle edge. */
  probed: count,
  failures: z.array(shadowFailureSchema).max(20),
});
export type Shadow = z.output<typeof shadowSchema>;

/** What an agent says of itself and of the sidecars on its host, with every heartbeat. Bounded: counts, not lists. */
export const agentReportSchema = z.object({
  /** The roots the agent verifies with. */
  bundle: z.array(rootId).max(MOST_ROOTS),
  /** The root above the agent's own certificate; absent before it has one. */
  identityRootId: rootId.optional(),
  /** Subject key ID of who signed that certificate. */
  identityKeyId: keyId.optional(),
  /** Sidecars that reported to the agent within the last minute, and how many of them verify with each root. */
  sidecars: z.object({ total: count, trusting: byRoot }),
  leaves: z.object({
    /** Live leaves in the agent's memory, by the root above them. */
    byRoot,
    /** The same leaves by the subject key ID of who signed them; absent from an agent of an older version. */
    byKey: byKey.optional(),
    /** The earliest `notBefore` of any of them, ms since 1970. */
    oldestAt: z.number().optional(),
    /** Renewals that wait because the server said so. */
    rateLimited: count,
  }),
  /** Sidecars that still present a leaf under an earlier root than the agent's present one for that service. */
  staleSidecars: count,
  /** Full handshakes whose peer was accepted, by the root that stood above the peer, and when the last one was. */
  handshakes: z.record(rootId, z.object({ count, lastAt: z.number() })),
  shadow: shadowSchema,
  /** Agent's clock minus server's clock, ms. */
  clockOffsetMs: z.number(),
  version: z.string().max(64),
});
export type AgentReport = z.output<typeof agentReportSchema>;

/** What the sidecars of a host add to its agent's report. */
export type SidecarSummary = Pick<AgentReport, 'sidecars' | 'staleSidecars' | 'handshakes' | 'shadow'>;

/** Of a host whose sidecars have reported nothing. */
export const NO_SIDECARS: SidecarSummary = {
  sidecars: { total: 0, trusting: {} },
  staleSidecars: 0,
  handshakes: {},
  shadow: { checked: 0, failed: 0, probed: 0, failures: [] },
};
