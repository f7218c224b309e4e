import type { Authorities } from '../../api/authorities.js';
import type { Rotation } from '../../api/rotations.js';
import { shortId } from '../../parts/format.js';

/** Something that happened to the authorities, happens, or is to come. */
export interface TimelineEntry {
  readonly atMs: number;
  readonly kind: 'past' | 'running' | 'coming';
  readonly text: string;
  /** The rotation it is about. */
  readonly rotationId?: string;
}

/** Intermediates are renewed at half of their life, five hundredths sooner or later by datacenter. */
const INTERMEDIATE_SHARE = 0.5;
/** A root is due at two thirds of its life at the latest. */
const ROOT_SHARE = 2 / 3;

const shareOf = ({ NotBefore, NotAfter }: { readonly NotBefore: string; readonly NotAfter: string }, share: number) => {
  const from = Date.parse(NotBefore);
  return from + (Date.parse(NotAfter) - from) * share;
};

const rotationEntries = ({ ID, CreatedAt, FinishedAt, Scope, Phase, Reason }: Rotation): TimelineEntry[] => {
  const what = typeof Scope === 'string' ? 'Change of the root' : `Change of the key of ${Scope.Datacenter}`;
  if (FinishedAt === undefined)
    return [{ atMs: Date.parse(CreatedAt), kind: 'running', text: `${what} (${Reason}), in ${Phase}`, rotationId: ID }];
  return [{ atMs: Date.parse(FinishedAt), kind: 'past', text: `${what} (${Reason}) ${Phase}`, rotationId: ID }];
};

/** Past, running and coming changes, in order of time. What would have been due already is not called coming. */
export function timelineOf(authorities: Authorities, rotations: readonly Rotation[], nowMs: number): TimelineEntry[] {
  const coming: TimelineEntry[] = [];
  const expect = (atMs: number, text: string): void => {
    if (atMs > nowMs) coming.push({ atMs, kind: 'coming', text });
  };
  for (const root of authorities.Roots) {
    if (root.State === 'active')
      expect(shareOf(root, ROOT_SHARE), `Renewal of root ${shortId(root.ID)} is due, at the latest`);
    expect(Date.parse(root.NotAfter), `Root ${shortId(root.ID)} ends`);
  }
  for (const { Datacenter, Intermediate } of authorities.Datacenters) {
    if (Intermediate === null) continue;
    expect(shareOf(Intermediate, INTERMEDIATE_SHARE), `${Datacenter} renews its intermediate, about`);
    expect(Date.parse(Intermediate.NotAfter), `The intermediate of ${Datacenter} would end`);
  }
  const begun = authorities.Roots.map((root): TimelineEntry => ({
    atMs: Date.parse(root.NotBefore),
    kind: 'past',
    text: `Root ${shortId(root.ID)} begins`,
  }));
  return [...begun, ...rotations.flatMap(rotationEntries), ...coming].toSorted((a, b) => a.atMs - b.atMs);
}
