import type { ComponentType } from 'preact';
import { AuditPage } from '../pages/audit/audit-page.js';
import { FederationPage } from '../pages/federation/federation-page.js';
import { IntentionsPage } from '../pages/intentions/intentions-page.js';
import { LedgerPage } from '../pages/ledger/ledger-page.js';
import { ReplicationPage } from '../pages/replication/replication-page.js';
import { RotationPage } from '../pages/rotation/rotation-page.js';
import { ServicesPage } from '../pages/services/services-page.js';
import { TrustPage } from '../pages/trust/trust-page.js';

/** A page of the dashboard. */
export interface Page {
  /** Its place behind `/ui/#`. */
  readonly path: string;
  readonly title: string;
  /** `g` and then this key goes there. */
  readonly key: string;
  readonly component: ComponentType;
}

/** Every page, in the order of the navigation; the first one is where `/ui/` leads. */
export const PAGES: readonly Page[] = [
  { path: '/federation', title: 'Federation', key: 'f', component: FederationPage },
  { path: '/trust', title: 'Trust', key: 't', component: TrustPage },
  { path: '/rotation', title: 'Rotation', key: 'r', component: RotationPage },
  { path: '/replication', title: 'Replication', key: 'p', component: ReplicationPage },
  { path: '/intentions', title: 'Intentions', key: 'i', component: IntentionsPage },
  { path: '/services', title: 'Services', key: 's', component: ServicesPage },
  { path: '/ledger', title: 'Ledger', key: 'l', component: LedgerPage },
  { path: '/audit', title: 'Audit', key: 'a', component: AuditPage },
];
