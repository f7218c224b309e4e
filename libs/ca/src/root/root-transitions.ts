import { epochMs } from '@banyan/kernel';
import { Certificate, followTransitions, type RootTransition } from '@banyan/pki';
import type { Transaction } from '@banyan/store';
import type { RootAuthorityRow } from '../adapters/ca-rows.js';
import { RootTransitionRow } from '../adapters/root-transition.row.js';
import {
  deleteTransition,
  type RootTransitionContent,
  transitionOf,
  writeTransition,
} from '../adapters/transition-writes.js';

/** One rotation a month for five years; a root that went before that needs a new pin. A record is about 2 KiB. */
const KEPT = 64;

type TransitionRoot = Pick<
  RootAuthorityRow,
  'fingerprintSha256' | 'certificatePem' | 'crossSignedPem' | 'generation' | 'rotatedOutAt' | 'taintedAt'
>;

/**
 * Stages what is to be remembered of `from`, which leaves the bundle in this transaction: the certificate by which its key
 * vouches for `to`, so that a peer that knows only `from` finds its way. Of a tainted root, and of one that vouches for
 * nothing, only the fingerprint is kept. The newest 64 records stay.
 */
export const keepTransition = async (tx: Transaction, from: TransitionRoot, to: TransitionRoot): Promise<void> => {
  const content = transitionBetween(from, to);
  tx.stage(writeTransition(content));
  const stored = await tx.manager.find(RootTransitionRow, { order: { generation: 'DESC' } });
  const others = stored.filter((row) => row.fromFingerprint !== content.fromFingerprint);
  for (const row of others.slice(KEPT - 1)) tx.stage(deleteTransition(row));
};

/** A root that has left the bundle and vouched for the next one, by its ID; of any other only the fingerprint is known. */
export const goneRoot = async (tx: Transaction, id: string): Promise<TransitionRoot | undefined> => {
  const rows = await tx.manager.find(RootTransitionRow, { where: { kind: 'vouched' } });
  const row = rows.find(({ fromPem }) => fromPem !== null && Certificate.fromPem(fromPem).fingerprintSha1 === id);
  if (row === undefined || row.fromPem === null) return undefined;
  return {
    fingerprintSha256: row.fromFingerprint,
    certificatePem: row.fromPem,
    crossSignedPem: null,
    generation: row.generation,
    rotatedOutAt: row.at,
    taintedAt: null,
  };
};

/** A root that somebody brings because no record has its certificate any more, at the place that a tombstone keeps for it. */
export const broughtRoot = async (tx: Transaction, certificatePem: string): Promise<TransitionRoot> => {
  const { fingerprintSha256 } = Certificate.fromPem(certificatePem);
  const where = { fromFingerprint: fingerprintSha256 };
  const tombstone = await tx.manager.findOne(RootTransitionRow, { where });
  return {
    fingerprintSha256,
    certificatePem,
    crossSignedPem: null,
    generation: tombstone?.generation ?? 1,
    rotatedOutAt: tombstone?.at ?? null,
    taintedAt: null,
  };
};

/** Of the roots that stay, the one that `from` vouches for; else the latest one. */
export const successorOf = <T extends TransitionRoot>(from: TransitionRoot, others: readonly T[]): T | undefined => {
  const later = others.filter((root) => root.fingerprintSha256 !== from.fingerprintSha256);
  return (
    later.find((to) => vouchedFor(from, to) !== undefined) ?? later.toSorted((a, b) => b.generation - a.generation)[0]
  );
};

const transitionBetween = (from: TransitionRoot, to: TransitionRoot): RootTransitionContent => {
  const { fingerprintSha256: fromFingerprint, generation } = from;
  const at = from.rotatedOutAt ?? from.taintedAt ?? epochMs(0);
  const tombstone = { fromFingerprint, fromPem: null, crossSignedPem: null, nextFingerprint: null, generation, at };
  if (from.taintedAt !== null) return { ...tombstone, kind: 'tainted' };
  return vouchedFor(from, to) ?? { ...tombstone, kind: 'unvouched' };
};

/** The record, if it leads from the one root to the other by the rules that peers apply: else it would mislead them. */
const vouchedFor = (from: TransitionRoot, to: TransitionRoot): RootTransitionContent | undefined => {
  if (to.crossSignedPem === null) return undefined;
  const content: RootTransitionContent = {
    fromFingerprint: from.fingerprintSha256,
    kind: 'vouched',
    fromPem: from.certificatePem,
    crossSignedPem: to.crossSignedPem,
    nextFingerprint: to.fingerprintSha256,
    generation: from.generation,
    at: from.rotatedOutAt ?? epochMs(0),
  };
  const transition: RootTransition = transitionOf(content);
  const next = Certificate.fromPem(to.certificatePem);
  const verdict = followTransitions({
    known: [from.fingerprintSha256],
    transitions: [transition],
    presented: [next],
    now: next.notBefore,
  });
  return verdict.ok ? content : undefined;
};
