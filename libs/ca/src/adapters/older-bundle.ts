import type { JsonValue } from '@banyan/kernel';
import { readPublicRoot } from './ca-replicas.js';

interface PublicRecord {
  readonly topic?: string;
  readonly key: string;
  readonly body: JsonValue;
}

/**
 * Why a bundle looks like one from before ours: it serves an earlier root as active, and lacks a later one that is here.
 * Undefined when it does not. A root that was rolled back is no reason: the source still has it, or says so in its own
 * history, not in another epoch.
 */
export const reasonAgainstBundle = (
  local: readonly PublicRecord[],
  incoming: readonly PublicRecord[],
): string | undefined => {
  const [ours, theirs] = [rootsOf(local), rootsOf(incoming)];
  const active = theirs.find((root) => root.state === 'active');
  if (active === undefined) return undefined;
  const lacked = ours.filter(
    (root) => root.generation > active.generation && !theirs.some((known) => known.id === root.id),
  );
  const [first] = lacked;
  if (first === undefined) return undefined;
  return (
    `the primary serves root ${active.id} of generation ${active.generation} as active, and lacks root ${first.id} ` +
    `of generation ${first.generation}, which this datacenter knows: was a backup restored?`
  );
};

const rootsOf = (records: readonly PublicRecord[]) =>
  records
    .filter((record) => record.topic === undefined || record.topic === 'root')
    .map((record) => readPublicRoot(record.body))
    .filter((root) => root !== undefined);
