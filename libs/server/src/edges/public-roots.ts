import type { RootRecord } from '@banyan/ca';
import type { RootTransition } from '@banyan/pki';
import type { RootsReply } from '@banyan/rpc';

type TransitionMessage = NonNullable<RootsReply['transitions']>[number];

/** What a reply may carry; the records themselves are bounded by as many. */
const MOST_TRANSITIONS = 64;

const wireTransition = (transition: RootTransition): TransitionMessage =>
  transition.kind === 'vouched'
    ? {
        kind: 'vouched',
        fromFingerprint: transition.from.fingerprintSha256,
        fromPem: transition.from.pem,
        crossSignedPem: transition.crossSigned.pem,
        nextFingerprint: transition.nextFingerprint,
      }
    : { ...transition, fromPem: '', crossSignedPem: '', nextFingerprint: '' };

/**
 * What a joiner is shown: the roots it may pin, and the ways back from those that have left. A compromised root is not
 * handed out any more as soon as another one signs, though it still is in the bundle: a joiner with its pin is told why.
 */
export const publicRoots = (
  roots: readonly RootRecord[],
  transitions: readonly RootTransition[],
): Required<Pick<RootsReply, 'rootPems' | 'transitions'>> => {
  const tainted = roots.filter((root) => root.taintedAt !== undefined && root.state === 'inactive');
  const tombstones = tainted.map(({ certificate }): RootTransition => ({
    kind: 'tainted',
    fromFingerprint: certificate.fingerprintSha256,
  }));
  return {
    rootPems: roots.filter((root) => !tainted.includes(root)).map((root) => root.certificate.pem),
    transitions: [...tombstones, ...transitions].slice(0, MOST_TRANSITIONS).map(wireTransition),
  };
};
