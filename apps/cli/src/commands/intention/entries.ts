import { BanyanError } from '@banyan/kernel';
import { z } from 'zod';
import type { WireIntention } from '../../wire/intention-shapes.js';

/** An intention as it is written: exactly one of Action and Permissions. */
export interface Draft {
  readonly SourceName: string;
  readonly DestinationName: string;
  readonly Action?: 'allow' | 'deny';
  readonly Permissions?: readonly unknown[];
  readonly Description?: string;
}

/** All intentions of one destination, in the form of Consul's config entry of that kind. */
export interface Entry {
  readonly Kind: 'service-intentions';
  readonly Name: string;
  readonly Sources: readonly {
    readonly Name: string;
    readonly Action?: 'allow' | 'deny';
    readonly Permissions?: readonly unknown[];
    readonly Description?: string;
  }[];
}

const saying = {
  Action: z.enum(['allow', 'deny']).optional(),
  Permissions: z.array(z.unknown()).nullish(),
  Description: z.string().optional(),
};
const ELSEWHERE = [
  'Peer',
  'Partition',
  'SamenessGroup',
  'SourcePeer',
  'SourcePartition',
  'SourceSamenessGroup',
] as const;

const entryShape = z.looseObject({
  Kind: z.literal('service-intentions'),
  Name: z.string().min(1),
  Sources: z.array(z.looseObject({ Name: z.string().min(1), Namespace: z.string().optional(), ...saying })),
});
const plainShape = z.looseObject({
  SourceName: z.string().min(1),
  DestinationName: z.string().min(1),
  SourceNS: z.string().optional(),
  DestinationNS: z.string().optional(),
  ...saying,
});

const refuse = (message: string): never => {
  throw new BanyanError('CONFIG_INVALID', message);
};

/** What would be lost silently if it were left out widens who may call: it is refused by name. */
const requireHere = (given: Readonly<Record<string, unknown>>, where: string): void => {
  for (const field of ELSEWHERE) {
    const value = given[field];
    if (value !== undefined && value !== '' && value !== 'default')
      refuse(`${where} has a ${field}, which does not exist here`);
  }
  for (const field of ['Namespace', 'SourceNS', 'DestinationNS']) {
    const value = given[field] ?? '';
    if (value !== '' && value !== 'default') refuse(`${where}: there is only the namespace "default"`);
  }
  const jwt = given['JWT'];
  if (jwt !== undefined && jwt !== null) refuse(`${where} asks for a JWT, which nothing checks here`);
};

interface Saying {
  readonly Action?: 'allow' | 'deny' | undefined;
  readonly Permissions?: readonly unknown[] | null | undefined;
  readonly Description?: string | undefined;
}

const draftOf = (pair: { readonly SourceName: string; readonly DestinationName: string }, said: Saying): Draft => {
  const { Action, Permissions, Description } = said;
  const has = Permissions !== undefined && Permissions !== null && Permissions.length > 0;
  if ((Action === undefined) !== has) {
    refuse(`${pair.SourceName} => ${pair.DestinationName} needs exactly one of Action and Permissions`);
  }
  return {
    ...pair,
    ...(Action !== undefined && { Action }),
    ...(has && { Permissions }),
    ...(Description !== undefined && Description !== '' && { Description }),
  };
};

const draftsOf = (item: unknown, position: number): readonly Draft[] => {
  const where = `item ${position + 1}`;
  const entry = entryShape.safeParse(item);
  if (entry.success) {
    requireHere(entry.data, where);
    return entry.data.Sources.map((source) => {
      requireHere(source, `${where}, source ${source.Name}`);
      return draftOf({ SourceName: source.Name, DestinationName: entry.data.Name }, source);
    });
  }
  const plain = plainShape.safeParse(item);
  if (plain.success) {
    requireHere(plain.data, where);
    return [draftOf({ SourceName: plain.data.SourceName, DestinationName: plain.data.DestinationName }, plain.data)];
  }
  return refuse(`${where} is neither a service-intentions entry nor an intention with SourceName and DestinationName`);
};

/** The key under which an intention is unique. */
export const keyOf = ({ SourceName, DestinationName }: Pick<Draft, 'SourceName' | 'DestinationName'>): string =>
  JSON.stringify([SourceName, DestinationName]);

/**
 * Reads what `intention export` wrote, one or several of Consul's service-intentions entries, or a list of intentions as the
 * API answers it. Throws `CONFIG_INVALID` for what cannot be kept, and for a pair that stands there twice.
 */
export const readDrafts = (given: unknown): readonly Draft[] => {
  const items: unknown[] = Array.isArray(given) ? given : [given];
  const drafts = items.flatMap(draftsOf);
  const seen = new Set<string>();
  for (const draft of drafts) {
    const key = keyOf(draft);
    if (seen.has(key)) refuse(`${draft.SourceName} => ${draft.DestinationName} stands there twice`);
    seen.add(key);
  }
  return drafts;
};

const compareText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** Entries by name, sources by name: the same intentions give the same text. */
export const entriesOf = (intentions: readonly WireIntention[]): readonly Entry[] => {
  const sorted = intentions.toSorted(
    (left, right) =>
      compareText(left.DestinationName, right.DestinationName) || compareText(left.SourceName, right.SourceName),
  );
  const byDestination = new Map<string, Entry['Sources'][number][]>();
  for (const { SourceName, DestinationName, Action, Permissions, Description } of sorted) {
    const sources = byDestination.get(DestinationName) ?? [];
    byDestination.set(DestinationName, sources);
    sources.push({
      Name: SourceName,
      ...(Action !== undefined && { Action }),
      ...(Permissions !== undefined && { Permissions }),
      ...(Description !== undefined && { Description }),
    });
  }
  return [...byDestination].map(([Name, Sources]) => ({ Kind: 'service-intentions', Name, Sources }));
};
