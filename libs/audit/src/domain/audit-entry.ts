import { type ChainLink, type ChainPlace, epochMs, sha256Hex } from '@banyan/kernel';
import { type AuditRecord, type AuditResult, storable } from './audit-record.js';

/** A record in its places: in the chain of its datacenter and in that of its server. */
export interface AuditEntry extends AuditRecord, ChainLink {
  /** Counts up by one, from 1, in each datacenter. */
  readonly seq: number;
  readonly datacenter: string;
  readonly server: string;
  /** Counts up by one, from 1, for each server. */
  readonly serverSeq: number;
  /** Hash of the server's entry before; of its first one {@link serverGenesis}. */
  readonly serverPrevHash: string;
}

/** What the first entry of a datacenter follows. */
export const auditGenesis = (datacenter: string): string => sha256Hex(`banyan audit trail of ${datacenter}`);

/** What the first entry of a server follows. */
export const serverGenesis = (datacenter: string, server: string): string =>
  sha256Hex(`banyan audit trail of ${server} in ${datacenter}`);

/** An entry without its hash, as the API answers it and the export writes it. */
const wireMembers = (entry: Omit<AuditEntry, 'hash'>) => ({
  Seq: entry.seq,
  At: new Date(entry.at).toISOString(),
  Datacenter: entry.datacenter,
  Server: entry.server,
  ServerSeq: entry.serverSeq,
  AccessorID: entry.accessorId,
  TokenName: entry.tokenName,
  RemoteAddress: entry.remoteAddress,
  Action: entry.action,
  Method: entry.method,
  Path: entry.path,
  Target: entry.target,
  Result: entry.result,
  Code: entry.code,
  Before: entry.before,
  After: entry.after,
  ServerPrevHash: entry.serverPrevHash,
  PrevHash: entry.prevHash,
});

/** An entry as the API answers it and the export writes it; the hash covers all values before it, in this order. */
export const toWireAudit = (entry: AuditEntry) => ({ ...wireMembers(entry), Hash: entry.hash });
export type WireAudit = ReturnType<typeof toWireAudit>;

/** SHA-256 of the JSON array of the values of an exported line, `Hash` left out, without white space. */
export const auditHash = (entry: Omit<AuditEntry, 'hash'>): string =>
  sha256Hex(JSON.stringify(Object.values(wireMembers(entry))));

const HASH = /^[0-9a-f]{64}$/;
const RESULTS: readonly string[] = ['ok', 'denied', 'failed'] satisfies readonly AuditResult[];
const TEXTS = [
  'At',
  'Datacenter',
  'Server',
  'AccessorID',
  'TokenName',
  'RemoteAddress',
  'Action',
  'Method',
  'Path',
  'Target',
  'Result',
  'Code',
] as const;

/** Reads an exported line's value; undefined when it is no entry, such as one with a member more or less. */
export const fromWireAudit = (value: unknown): AuditEntry | undefined => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const wire = value as Partial<WireAudit>;
  const isWhole =
    TEXTS.every((name) => typeof wire[name] === 'string') &&
    [wire.Seq, wire.ServerSeq].every((seq) => Number.isSafeInteger(seq) && seq! >= 1) &&
    [wire.ServerPrevHash, wire.PrevHash, wire.Hash].every((hash) => typeof hash === 'string' && HASH.test(hash)) &&
    RESULTS.includes(wire.Result!) &&
    wire.Before !== undefined &&
    wire.After !== undefined;
  if (!isWhole) return undefined;
  const entry = entryOf(wire as WireAudit);
  const names = Object.keys(toWireAudit(entry));
  return Object.keys(wire).length === names.length && isWritten(wire as WireAudit) ? entry : undefined;
};

/** The hash is made of the time, so that its text must be the one that stands for it. */
const isWritten = ({ At }: WireAudit): boolean => {
  const ms = Date.parse(At);
  return Number.isFinite(ms) && new Date(ms).toISOString() === At;
};

const entryOf = (wire: WireAudit): AuditEntry => ({
  seq: wire.Seq,
  at: epochMs(Math.trunc(Date.parse(wire.At))),
  datacenter: wire.Datacenter,
  server: wire.Server,
  serverSeq: wire.ServerSeq,
  accessorId: wire.AccessorID,
  tokenName: wire.TokenName,
  remoteAddress: wire.RemoteAddress,
  action: wire.Action,
  method: wire.Method,
  path: wire.Path,
  target: wire.Target,
  result: wire.Result,
  code: wire.Code,
  before: wire.Before,
  after: wire.After,
  serverPrevHash: wire.ServerPrevHash,
  prevHash: wire.PrevHash,
  hash: wire.Hash,
});

/** Where the chains stand to which a server adds. */
export interface AuditPlaces {
  readonly datacenter: ChainPlace;
  readonly server: ChainPlace;
}

/** Puts records of one server behind these places, in their order. */
export const chainedRecords = (
  after: AuditPlaces,
  records: readonly AuditRecord[],
  where: { readonly datacenter: string; readonly server: string },
): readonly AuditEntry[] => {
  let { datacenter, server } = after;
  return records.map((record) => {
    const placed = {
      ...storable(record),
      ...where,
      seq: datacenter.seq + 1,
      serverSeq: server.seq + 1,
      prevHash: datacenter.hash,
      serverPrevHash: server.hash,
    };
    const entry = { ...placed, hash: auditHash(placed) };
    datacenter = { seq: entry.seq, hash: entry.hash };
    server = { seq: entry.serverSeq, hash: entry.hash };
    return entry;
  });
};
