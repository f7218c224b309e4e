import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';

/** A root as it stands in a database, with whether its key and a cross-signed certificate are beside it. */
export interface StoredRoot {
  readonly id: string;
  readonly state: string;
  readonly hasKey: boolean;
  readonly isCrossSigned: boolean;
}

/** Asks the embedded PostgreSQL of the server whose data folder that is. */
export const queryStore = async <Row extends object>(dataDir: string, sql: string): Promise<readonly Row[]> => {
  const file = readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8');
  // The fifth line is the folder of the socket.
  const socketFolder = file.split('\n')[4]!;
  const client = new Client({ host: socketFolder, user: 'banyan', database: 'banyan' });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
};

/** Every root of that database, oldest first. */
export const storedRoots = (dataDir: string): Promise<readonly StoredRoot[]> =>
  queryStore<StoredRoot>(
    dataDir,
    `SELECT id, state, sealed_key IS NOT NULL AS "hasKey", cross_signed_pem IS NOT NULL AS "isCrossSigned"
       FROM root_authority ORDER BY generation`,
  );
