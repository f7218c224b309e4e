import { renameSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';

// A process of its own with a server that speaks Vault's wire format. It makes a mount and a token for banyan, and writes
// where and what they are to the file BANYAN_E2E_VAULT.

// The server forges its certificates with testkit, another part of which names a hook that only exists within jest.
const NO_JEST = 'data:text/javascript,export const afterAll = () => undefined;';
const OUTSIDE_OF_JEST = `export const resolve = (name, context, next) =>
  name === '@jest/globals' ? { url: '${NO_JEST}', shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(OUTSIDE_OF_JEST)}`);

const { localVault, policyFor } = await import('../../../libs/ca-providers/test/vault-lab.js');
const { server, lab } = await localVault();
const mount = await lab.mount();
const token = await lab.token(policyFor(mount), { ttl: '1h' });
const file = process.env['BANYAN_E2E_VAULT']!;
const place = { address: server.address, caFile: lab.caFile, rootToken: server.rootToken, mount, token };
writeFileSync(`${file}.next`, JSON.stringify(place), { mode: 0o600 });
renameSync(`${file}.next`, file);
