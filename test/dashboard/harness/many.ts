import { expect } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { Datacenter } from '../../e2e/harness/datacenter.js';
import { queryStore } from '../../e2e/harness/stored-roots.js';

const NODES = 40;
/** Entries in one statement. */
const AT_A_TIME = 5_000;

/**
 * Fills the catalog with `svc-00001` … on some nodes, every hundredth critical: one is registered through the API, the others are
 * written after its pattern, since ten thousand commits would take minutes. The server reads them when it starts anew.
 */
export const fillCatalog = async (datacenter: Datacenter, count: number): Promise<void> => {
  const { status, text } = await datacenter.callServer({
    method: 'PUT',
    path: '/v1/catalog/register',
    body: {
      Node: 'node-0',
      Address: '10.0.0.5',
      Service: { Service: 'svc-00000', ID: 'svc-00000', Port: 80, Tags: ['team-0'] },
      Check: { CheckID: 'alive-0', Name: 'alive', Status: 'critical', ServiceID: 'svc-00000', Output: 'gone' },
    },
  });
  expect([status, text]).toEqual([200, 'true']);
  await queryStore(
    datacenter.dataDir,
    `INSERT INTO node SELECT 'node-' || n, gen_random_uuid(), address, meta, last_seen, content_hash, create_index, modify_index
       FROM node, generate_series(1, ${NODES - 1}) AS n WHERE name = 'node-0';
     INSERT INTO service_instance (node, id, name, registration, content_hash, create_index, modify_index)
     SELECT 'node-' || n % ${NODES}, made, made,
            registration || jsonb_build_object('ID', made, 'Service', made, 'Tags', jsonb_build_array('team-' || n % 7)),
            content_hash, create_index, modify_index
       FROM service_instance, generate_series(1, ${count - 1}) AS n, LATERAL (SELECT 'svc-' || lpad(n::text, 5, '0') AS made) AS m
      WHERE id = 'svc-00000';
     INSERT INTO health_check (node, check_id, service_id, registration, content_hash, create_index, modify_index)
     SELECT 'node-' || n % ${NODES}, 'alive-' || n, made,
            registration || jsonb_build_object('CheckID', 'alive-' || n, 'ServiceID', made),
            content_hash, create_index, modify_index
       FROM health_check, generate_series(100, ${count - 1}, 100) AS n, LATERAL (SELECT 'svc-' || lpad(n::text, 5, '0') AS made) AS m
      WHERE check_id = 'alive-0'`,
  );
  await datacenter.server.stop();
  datacenter.server.start();
  await datacenter.serverReady();
};

interface HeadRow {
  readonly seq: string;
  readonly hash: string;
}

/**
 * Writes entries behind the ledger's end until it has so many, chained as the ledger's README says it is done: the proof
 * of the page then holds over them.
 */
export const fillLedger = async (dataDir: string, count: number): Promise<void> => {
  const [head] = await queryStore<HeadRow>(dataDir, `SELECT seq, encode(hash, 'hex') AS hash FROM issuance_head`);
  let seq = Number(head!.seq);
  let prevHash = head!.hash;
  const issuedAt = Date.now();
  while (seq < count) {
    const rows: object[] = [];
    while (rows.length < AT_A_TIME && seq < count) {
      seq += 1;
      const name = `svc-${seq % 1_000}`;
      const row = {
        seq,
        kind: 'service',
        serial: `40:${seq.toString(16).padStart(8, '0').match(/../g)!.join(':')}`,
        uri: `spiffe://x/ns/default/dc/dc1/svc/${name}`,
        subject: name,
        issuer_key_id: 'aa:bb',
        root_id: 'cc:dd',
        accessor_id: '',
        node: `node-${seq % NODES}`,
        reason: 'renewal',
        not_before: new Date(issuedAt - 60_000).toISOString(),
        // Over already: what lives is another matter, and another table's.
        not_after: new Date(issuedAt - 30_000).toISOString(),
        issued_at: new Date(issuedAt).toISOString(),
        server: 'dc1-server-1',
        prev_hash: prevHash,
      };
      prevHash = createHash('sha256')
        .update(JSON.stringify(Object.values(row)))
        .digest('hex');
      rows.push({ ...row, hash: prevHash });
    }
    await queryStore(
      dataDir,
      `INSERT INTO issuance SELECT seq, kind, serial, uri, subject, issuer_key_id, root_id, accessor_id, node, reason,
              not_before, not_after, issued_at, server, decode(prev_hash, 'hex'), decode(hash, 'hex')
         FROM jsonb_to_recordset('${JSON.stringify(rows)}') AS e(seq bigint, kind text, serial text, uri text, subject text,
              issuer_key_id text, root_id text, accessor_id text, node text, reason text, not_before timestamptz,
              not_after timestamptz, issued_at timestamptz, server text, prev_hash text, hash text);
       UPDATE issuance_head SET seq = ${seq}, hash = decode('${prevHash}', 'hex')`,
    );
  }
};
