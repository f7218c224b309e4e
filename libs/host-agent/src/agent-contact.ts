import { type Clock, contentHash, isBanyanError, type Logger } from '@banyan/kernel';
import { ESTRANGED, FirstContact, type FirstContactOptions } from '@banyan/rpc';
import type { IdentityMaterial } from './stored-identity.js';

/** What the servers are known by before there is a bundle: a pin, or a file of roots. */
export type Anchor = FirstContactOptions['anchor'];

/** Tells one configured anchor from another. */
export const anchorHashOf = (anchor: Anchor): string => contentHash({ ...anchor });

/** Which server is met, and what is known of it. */
export interface Meeting {
  /** host:port of a server. */
  readonly address: string;
  readonly datacenter: string;
  /** As it is configured now. */
  readonly anchor: Anchor;
  /** What the agent had before, perhaps expired. */
  readonly kept: IdentityMaterial | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * A verified channel to a server: by the configured anchor, or by what it led to. When that leads nowhere, by the last bundle
 * that was received while the same anchor was configured; an operator who gave another one meanwhile means that one, and
 * nothing else. Fails as {@link FirstContact.open} does by the anchor: that says best what an operator has to do.
 */
export const meetServer = async (meeting: Meeting): Promise<FirstContact> => {
  const { anchor, kept, logger } = meeting;
  try {
    return await open(meeting, anchor);
  } catch (error) {
    const lastKnown = kept !== undefined && kept.anchorHash === anchorHashOf(anchor) ? kept.bundlePem : undefined;
    if (lastKnown === undefined || !isBanyanError(error, 'PIN_MISMATCH', ...ESTRANGED)) throw error;
    const contact = await open(meeting, { caPem: lastKnown }).catch(() => Promise.reject(error));
    logger.warn('the configured anchor leads to no root of the servers, the last known bundle does', {
      code: error.code,
      reason: error.message,
    });
    return contact;
  }
};

const open = async (meeting: Meeting, anchor: Anchor): Promise<FirstContact> => {
  const { address, datacenter, clock, signal, logger, kept } = meeting;
  const deniedKeys = kept?.deniedKeys ?? [];
  const contact = await FirstContact.open({ address, datacenter, anchor, deniedKeys, clock, signal });
  if (contact.recovery !== undefined) logger.warn('trust recovered by transitions', { ...contact.recovery });
  return contact;
};
