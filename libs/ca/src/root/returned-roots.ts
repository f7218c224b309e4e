import type { EpochMs, JsonValue } from '@banyan/kernel';
import { Certificate, followTransitions, type RootTransition } from '@banyan/pki';
import type { Transaction } from '@banyan/store';
import { readPublicRoot } from '../adapters/ca-replicas.js';
import { RootAuthorityRow } from '../adapters/ca-rows.js';
import { type RootContent, writeRoot } from '../adapters/root-writes.js';
import type { RootRecord } from '../domain/root-record.js';

/** A root that replicas know and the primary has lost. */
export interface ReturnedRoot {
  readonly id: string;
  readonly fingerprint: string;
  readonly generation: number;
  /** Why it is not taken back by itself; undefined when a root that is here vouches for it. */
  readonly objection?: string;
  /** Stages the root as inactive, without a key: trusted, and never signed under again. */
  takeBack(tx: Transaction): Promise<void>;
}

/** What is here, and what a replica says was here. */
export interface ReturnedRootsQuestion {
  /** The roots that are here. */
  readonly bundle: readonly RootRecord[];
  /** `<uuid>.consul` */
  readonly trustDomain: string;
  /** Public records of roots, as a replica has them; not trusted. */
  readonly offered: readonly JsonValue[];
  readonly now: EpochMs;
}

/**
 * What of the offered roots was lost here: those of a later generation than the active one. A replica's word makes no
 * root: one that an earlier root of this primary vouches for, by a signature only its key can make, is proved; any other
 * needs a person. A tainted one is never taken back.
 */
export const judgeReturnedRoots = (question: ReturnedRootsQuestion): readonly ReturnedRoot[] => {
  const { bundle, offered, trustDomain } = question;
  const active = bundle.find((root) => root.state === 'active');
  if (active === undefined) return [];
  const proved: Certificate[] = bundle.map((root) => root.certificate);
  const found: ReturnedRoot[] = [];
  const candidates = offered
    .map(readPublicRoot)
    .filter((root) => root !== undefined)
    .filter((root) => root.generation > active.generation && root.taintedAt === null)
    .filter((root) => !bundle.some((known) => known.id === root.id))
    .toSorted((left, right) => left.generation - right.generation);
  for (const root of candidates) {
    const certificate = Certificate.fromPem(root.certificatePem);
    const objection = objectionTo(root, { certificate, proved, trustDomain, now: question.now });
    if (objection === undefined) proved.push(certificate);
    found.push({
      id: root.id,
      fingerprint: root.fingerprintSha256,
      generation: root.generation,
      ...(objection !== undefined && { objection }),
      takeBack: (tx) => takeBack(tx, root, question.now),
    });
  }
  return found;
};

const objectionTo = (
  root: RootContent,
  o: {
    readonly certificate: Certificate;
    readonly proved: readonly Certificate[];
    readonly trustDomain: string;
    readonly now: EpochMs;
  },
): string | undefined => {
  const { certificate, proved, trustDomain, now } = o;
  if (certificate.uris.length !== 1 || certificate.uris[0] !== `spiffe://${trustDomain}`) {
    return 'it does not belong to this trust domain';
  }
  if (root.crossSignedPem === null) return 'no earlier root vouches for it';
  const crossSigned = Certificate.fromPem(root.crossSignedPem);
  const transitions = proved.map((from): RootTransition => ({
    kind: 'vouched',
    from,
    crossSigned,
    nextFingerprint: certificate.fingerprintSha256,
  }));
  const verdict = followTransitions({ known: [...proved], transitions, presented: [certificate], now });
  return verdict.ok ? undefined : `no root of this primary vouches for it: ${verdict.reason}`;
};

const takeBack = async (tx: Transaction, root: RootContent, now: EpochMs): Promise<void> => {
  if (await tx.manager.exists(RootAuthorityRow, { where: { id: root.id } })) return;
  const state = { state: 'inactive', rotatedOutAt: now, sealedKey: null, sealedConfiguration: null } as const;
  tx.stage(writeRoot({ ...root, ...state }));
};
