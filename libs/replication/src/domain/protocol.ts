import { BanyanError } from '@banyan/kernel';

/** The version of the feed's protocol that this build speaks. Raised when a follower must understand something new. */
export const FEED_PROTOCOL = 2;
/** The oldest version that this build still understands from the other side. */
const OLDEST_FEED_PROTOCOL = 2;

/** Throws `VERSION_MISMATCH`, naming both sides, when the other side's version is one we do not understand. */
export const requireProtocol = (theirs: number, who: string): void => {
  if (theirs >= OLDEST_FEED_PROTOCOL && theirs <= FEED_PROTOCOL) return;
  const upgrade = theirs > FEED_PROTOCOL ? 'upgrade this datacenter' : `upgrade ${who}`;
  throw new BanyanError(
    'VERSION_MISMATCH',
    `${who} speaks version ${theirs} of the replication protocol, this datacenter ${OLDEST_FEED_PROTOCOL} to ${FEED_PROTOCOL}: ${upgrade}`,
    { fields: { theirs, ours: FEED_PROTOCOL } },
  );
};
