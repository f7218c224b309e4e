import { AuditReader } from '@banyan/audit';
import { LedgerReader } from '@banyan/ledger';
import { Injectable, Optional } from '@nestjs/common';
import { EventHub } from './event-hub.js';

/** Ledger and audit trail are no state in memory: their ends are looked up. */
const LOOK_MS = 1_000;

/** The topics of which only the index is told: their lists may be long, and a reader asks for the part that it shows. */
@Injectable()
export class ListTopics {
  constructor(hub: EventHub, ledger: LedgerReader, @Optional() audit?: AuditReader) {
    hub.offerIndex('intentions', ['intention']);
    hub.offerIndex('services', ['node', 'service', 'check']);
    hub.offerIndex('tokens', ['token']);
    hub.offer({
      topic: 'ledger',
      followed: [],
      everyMs: LOOK_MS,
      read: async () => ({ Index: (await ledger.search({ limit: 1 }))[0]?.seq ?? 0 }),
    });
    if (audit === undefined) return;
    hub.offer({
      topic: 'audit',
      followed: [],
      everyMs: LOOK_MS,
      read: async () => ({ Index: (await audit.search({ limit: 1 }))[0]?.seq ?? 0 }),
    });
  }
}
