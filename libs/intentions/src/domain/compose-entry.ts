import { BanyanError, canonicalJson, contentHash, isStorableJson, type JsonValue } from '@banyan/kernel';
import { WILDCARD, type IntentionDraft, type IntentionSource, type ServiceIntentions } from './intention.js';
import { reasonAgainstName } from './intention-name.js';
import { checkedPermissions } from './l7-permission.js';
import { precedenceOf } from './precedence.js';

/** A description's bound, in bytes of UTF-8 (contract §3.4). */
export const MAX_DESCRIPTION_BYTES = 512;
/** Sources of one entry. An entry is one row and one replicated item: 4,096 × 1 KiB stays under 8 MiB on the wire. */
export const MAX_SOURCES = 4_096;
const MAX_PERMISSIONS = 128;
const META_BOUNDS = { pairs: 64, keyBytes: 128, valueBytes: 512 } as const;

const refuse = (message: string): never => {
  throw new BanyanError('INTENTION_INVALID', message);
};

/** The entry with the draft's source set: added, or replaced in its place. Throws `INTENTION_INVALID`. */
export const withSource = (entry: ServiceIntentions | undefined, draft: IntentionDraft): ServiceIntentions => {
  checkMeta(entry, draft);
  const source: IntentionSource = {
    name: draft.sourceName,
    ...(draft.action === undefined ? {} : { action: draft.action }),
    ...(draft.permissions === undefined || draft.permissions.length === 0 ? {} : { permissions: draft.permissions }),
    ...(draft.description === undefined || draft.description === '' ? {} : { description: draft.description }),
    type: 'consul',
    precedence: 0,
  };
  const sources = [...(entry?.sources ?? [])];
  const place = sources.findIndex((known) => known.name === draft.sourceName);
  if (place === -1) sources.push(source);
  else sources[place] = source;
  return checkedEntry({
    name: draft.destinationName,
    sources,
    ...(entry?.meta === undefined ? {} : { meta: entry.meta }),
  });
};

/** The entry without that source; undefined when it was the last one, the same entry when it had no such source. */
export const withoutSource = (entry: ServiceIntentions, sourceName: string): ServiceIntentions | undefined => {
  const sources = entry.sources.filter((source) => source.name !== sourceName);
  if (sources.length === entry.sources.length) return entry;
  return sources.length === 0 ? undefined : { ...entry, sources };
};

/** The hash of an entry's content: no indexes, so it is equal in every datacenter that has the entry. */
export const entryContentHash = (entry: ServiceIntentions): string => contentHash(entryBody(entry));

/** An entry as plain JSON: what is hashed and replicated. */
export const entryBody = (entry: ServiceIntentions): JsonValue => ({
  name: entry.name,
  sources: entry.sources as unknown as JsonValue,
  ...(entry.meta === undefined ? {} : { meta: entry.meta }),
});

/**
 * Checks every rule of contract §3.4 and §3.5 and returns the entry in its stored form: precedence computed, methods
 * in upper case, sources ordered by precedence, stable. Throws `INTENTION_INVALID`, naming `Sources[i]`.
 */
export const checkedEntry = (entry: ServiceIntentions): ServiceIntentions => {
  const reason = reasonAgainstName(entry.name);
  if (reason !== undefined) refuse(`Name: ${reason}`);
  if (entry.sources.length === 0) refuse('At least one source is required');
  if (entry.sources.length > MAX_SOURCES) refuse(`Sources cannot have more than ${MAX_SOURCES} items`);
  if (entry.meta !== undefined) checkMetaBounds(entry.meta);
  if (!isStorableJson(entryBody(entry))) refuse('Texts must not contain U+0000 or half of a character');
  const seen = new Set<string>();
  const sources = entry.sources.map((source, index) => {
    const path = `Sources[${index}]`;
    if (seen.has(source.name)) refuse(`${path} defines "${source.name}" more than once`);
    seen.add(source.name);
    return checkedSource(source, entry.name, path);
  });
  return { ...entry, sources: sources.toSorted((left, right) => right.precedence - left.precedence) };
};

const checkedSource = (source: IntentionSource, destinationName: string, path: string): IntentionSource => {
  const reason = source.name === '' ? 'is required' : reasonAgainstName(source.name);
  if (reason !== undefined) refuse(`${path}.Name: ${reason}`);
  if (Buffer.byteLength(source.description ?? '') > MAX_DESCRIPTION_BYTES) {
    refuse(`${path}.Description exceeds maximum length ${MAX_DESCRIPTION_BYTES}`);
  }
  const precedence = precedenceOf(source.name, destinationName);
  const permissions = source.permissions ?? [];
  if (permissions.length === 0) {
    if (source.action !== 'allow' && source.action !== 'deny') refuse(`${path}.Action must be set to allow or deny`);
    return { ...source, precedence };
  }
  if (source.action !== undefined) refuse(`${path}.Action must be omitted if Permissions are specified`);
  if (destinationName === WILDCARD) refuse(`${path}.Permissions cannot be specified on a wildcard destination`);
  if (permissions.length > MAX_PERMISSIONS)
    refuse(`${path}.Permissions cannot have more than ${MAX_PERMISSIONS} items`);
  return { ...source, permissions: checkedPermissions(permissions, `${path}.Permissions`), precedence };
};

/** Meta belongs to the entry; through one source it can only be repeated (contract §3.6). */
const checkMeta = (entry: ServiceIntentions | undefined, draft: IntentionDraft): void => {
  const meta = draft.meta ?? {};
  if (Object.keys(meta).length === 0) return;
  if (entry === undefined) refuse('Meta must not be specified');
  if (canonicalJson(meta) !== canonicalJson(entry?.meta ?? {})) {
    refuse("Meta must not be specified, or must equal the existing entry's Meta");
  }
};

const checkMetaBounds = (meta: Readonly<Record<string, string>>): void => {
  const pairs = Object.entries(meta);
  if (pairs.length > META_BOUNDS.pairs) refuse(`Meta exceeds maximum element count ${META_BOUNDS.pairs}`);
  for (const [key, value] of pairs) {
    if (Buffer.byteLength(key) > META_BOUNDS.keyBytes)
      refuse(`Meta key exceeds maximum length ${META_BOUNDS.keyBytes}`);
    if (Buffer.byteLength(value) > META_BOUNDS.valueBytes) {
      refuse(`Meta value for key "${key}" exceeds maximum length ${META_BOUNDS.valueBytes}`);
    }
  }
};
