import type { WireIntention } from '../../wire/intention-shapes.js';
import { pairText } from './intention-view.js';

/** Why a pair is allowed or not. */
export interface Explanation {
  readonly Reason: string;
  /** The one that decides, or null when none matches and the default holds. */
  readonly Decides: WireIntention | null;
  /** Others that match, and are looked at after it. */
  readonly Overruled: readonly WireIntention[];
}

/**
 * Names the intention that decides about `source`, of those that match a destination, in their order of precedence: the first
 * whose source is this one, or `*` (contract §3.7).
 */
export const explain = (matching: readonly WireIntention[], source: string, isAllowed: boolean): Explanation => {
  const [decides, ...overruled] = matching.filter(({ SourceName }) => SourceName === source || SourceName === '*');
  if (decides === undefined) {
    const reason = `no intention matches: by default a connection is ${isAllowed ? 'allowed' : 'denied'}`;
    return { Reason: reason, Decides: null, Overruled: [] };
  }
  const named = `${pairText(decides)} (precedence ${decides.Precedence})`;
  const reason =
    decides.Action === undefined
      ? `${named} decides by request, which denies a connection`
      : `${named} says ${decides.Action}`;
  return { Reason: reason, Decides: decides, Overruled: overruled };
};
