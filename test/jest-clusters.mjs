// Before a run of jest: a folder for the database cluster that the spec files copy (libs/testkit/src/test-cluster.ts), so
// that initdb and the migrations run once instead of once per file. Workers inherit the environment.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-clusters-'));
  // As root, PostgreSQL runs as somebody else, who has to get in; the cluster itself is private.
  chmodSync(folder, 0o711);
  process.env['BANYAN_TEST_CLUSTERS'] = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
};
