import type { MigrationInterface } from 'typeorm';
import { Foundation } from './0001-foundation.js';
import { NextRoot } from './0002-next-root.js';
import { Ledger } from './0003-ledger.js';
import { AgentReports } from './0004-agent-reports.js';
import { Replication } from './0005-replication.js';
import { Rotations } from './0006-rotations.js';
import { Servers } from './0007-servers.js';
import { RootTransitions } from './0008-root-transitions.js';
import { DeniedKeys } from './0009-denied-keys.js';
import { SigningOrders } from './0010-signing-orders.js';
import { HandedIntermediates } from './0011-handed-intermediates.js';
import { Audit } from './0012-audit.js';

/** Every migration in order. Append only: a name that is missing here marks a database of a newer banyan. */
export const MIGRATIONS: readonly (new () => MigrationInterface & { readonly name: string })[] = [
  Foundation,
  NextRoot,
  Ledger,
  AgentReports,
  Replication,
  Rotations,
  Servers,
  RootTransitions,
  DeniedKeys,
  SigningOrders,
  HandedIntermediates,
  Audit,
];

/** Where TypeORM notes which migrations a database has. */
export const MIGRATIONS_TABLE = 'schema_migration';
