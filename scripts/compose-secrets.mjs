// Makes the secrets of docker-compose.yml: random, once, each into the volume of the one service that reads it. A
// file that exists is kept, so that a restart changes nothing. Prints names, never values.
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const VOLUMES = process.env.BANYAN_SECRETS_ROOT ?? '/volumes';
const PRIVATE = 0o600;
// An image that is not ours reads its secret as its own user, and nobody else mounts that volume.
const FOREIGN = 0o444;

function write(path, text, mode) {
  const half = `${path}.part`;
  writeFileSync(half, text, { mode });
  chmodSync(half, mode);
  renameSync(half, path); // a crash leaves the whole file or none
}

function keep(path, make, mode = PRIVATE) {
  const file = join(VOLUMES, path);
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const text = make();
  write(file, `${text}\n`, mode);
  console.log(`made ${path}`);
  return text;
}

const keyEncryptionKey = () => randomBytes(32).toString('base64');
const password = () => randomBytes(24).toString('base64url');

for (const owner of ['dc1-server', 'dc1-agent', 'dc2-server', 'dc2-agent']) keep(`${owner}/kek`, keyEncryptionKey);
for (const datacenter of ['dc1', 'dc2']) {
  const secret = keep(`${datacenter}-postgres/password`, password, FOREIGN);
  keep(`${datacenter}-server/database.url`, () => `postgres://banyan:${secret}@${datacenter}-postgres:5432/banyan`);
}

keep('grafana/admin.password', password, FOREIGN);

/** Who may do what: least privilege, one token for each reader. */
const TOKENS = [
  ['operator/management.token', { kind: 'management' }, 'the operator, and the setup of the demo'],
  ['dc2-server/replication.token', { kind: 'replication', datacenter: 'dc2' }, 'dc2 asks the primary'],
  ['dc1-agent/agent.token', { kind: 'agent', node: 'dc1-agent-1' }, 'agent of dc1'],
  ['dc2-agent/agent.token', { kind: 'agent', node: 'dc2-agent-1' }, 'agent of dc2'],
  ['web/service.token', { kind: 'service', service: 'web' }, 'web and its sidecar'],
  ['api/service.token', { kind: 'service', service: 'api' }, 'api and its sidecar'],
  ['prometheus/metrics.token', { kind: 'operator-read' }, 'Prometheus reads the metrics', FOREIGN],
];
const initial = TOKENS.map(([path, role, description, mode]) => ({
  role,
  secret: keep(path, randomUUID, mode),
  description,
}));
write(join(VOLUMES, 'dc1-server/initial-tokens.json'), `${JSON.stringify(initial, null, 2)}\n`, PRIVATE);
console.log('secrets are ready');
