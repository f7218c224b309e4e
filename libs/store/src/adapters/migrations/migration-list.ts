import type { MigrationInterface } from 'typeorm';
import { Foundation } from './0001-foundation.js';
import { NextRoot } from './0002-next-root.js';

/** Every migration in order. Append only: a name that is missing here marks a database of a newer banyan. */
export const MIGRATIONS: readonly (new () => MigrationInterface & { readonly name: string })[] = [Foundation, NextRoot];

/** Where TypeORM notes which migrations a database has. */
export const MIGRATIONS_TABLE = 'schema_migration';
