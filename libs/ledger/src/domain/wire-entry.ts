import { type LedgerEntry, timeText } from './ledger-entry.js';

/** An entry as the API answers it and the export writes it; the hash covers all values before it, in this order. */
export const toWireEntry = ({ seq, issuance, server, prevHash, hash }: LedgerEntry) => ({
  Seq: seq,
  Kind: issuance.kind,
  Serial: issuance.serialHex,
  URI: issuance.uri,
  Subject: issuance.subject,
  IssuerKeyID: issuance.issuerKeyId,
  RootID: issuance.rootId,
  AccessorID: issuance.requester.accessorId,
  Node: issuance.requester.node,
  Reason: issuance.requester.reason,
  NotBefore: timeText(issuance.notBefore),
  NotAfter: timeText(issuance.notAfter),
  IssuedAt: timeText(issuance.issuedAt),
  Server: server,
  PrevHash: prevHash,
  Hash: hash,
});

export type WireEntry = ReturnType<typeof toWireEntry>;

/** An identifier as people paste it (`AB:CD`, `abcd`, `ab cd`) in the form in which it is stored: `ab:cd`. */
export const colonHex = (text: string): string =>
  (
    text
      .toLowerCase()
      .replaceAll(/[^0-9a-f]/g, '')
      .match(/.{1,2}/g) ?? []
  ).join(':');
