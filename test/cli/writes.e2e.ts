import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { intentionsOf } from '../e2e/harness/datacenter-state.js';
import { filesBelow } from '../e2e/harness/files-below.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { secretsIn } from '../e2e/harness/run-secrets.js';
import { startWebAndApi } from '../e2e/harness/web-and-api.js';
import { banyan, type CliAnswer, type CliEnvironment, jsonOf } from './harness/banyan-cli.js';
import { Terminal } from './harness/terminal.js';

interface Token {
  readonly AccessorID: string;
  readonly SecretID: string;
}

interface Proof {
  readonly Valid: boolean;
  readonly Entries: number;
  readonly Head: { readonly Seq: number; readonly Hash: string };
}

const anchorText = ({ Head }: Proof): string => `${Head.Seq}:${Head.Hash}`;

describe('banyan, where it writes and reads what was written', () => {
  let env: CliEnvironment;
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await mesh.startAgents();
    await startWebAndApi(mesh);
    env = {
      BANYAN_HTTP_ADDR: mesh.dc2.addresses.agentHttp,
      BANYAN_HTTP_TOKEN_FILE: mesh.secrets.tokenFile('management'),
    };
  });

  const run = (...words: string[]): Promise<CliAnswer> => banyan(env, words);

  suite.step(
    'intentions: created in a secondary, waited for everywhere, looked at, replaced, deleted',
    async (mesh) => {
      expect(await run('intention', 'create', '-allow', 'web', 'db', '--dry-run')).toMatchObject({
        code: 0,
        out: 'Would create: web => db (allow)\n',
      });
      expect(await run('intention', 'get', 'web', 'db')).toMatchObject({ code: 5, out: '' });
      const created = await run('intention', 'create', '--wait', '-description', 'orders', 'web', 'db');
      expect(created).toMatchObject({ code: 0, out: 'Created: web => db (allow)\n' });
      expect(created.errors).toMatch(/^datacenters: all have it$/m);
      for (const datacenter of [mesh.dc1, mesh.dc2]) {
        expect(await intentionsOf(datacenter)).toContainEqual({
          SourceName: 'web',
          DestinationName: 'db',
          Action: 'allow',
        });
      }
      expect(await run('intention', 'create', '-deny', 'web', 'db')).toMatchObject({ code: 6, out: '' });
      expect((await run('intention', 'create', '-replace', '-deny', 'web', 'db')).out).toBe(
        'Replaced: web => db (deny)\n',
      );
      expect((await run('intention', 'get', 'web', 'db')).out).toMatch(/^action +deny$/m);
      expect((await run('intention', 'list')).out).toMatch(/^web +deny +db +9/m);
      expect((await run('intention', 'match', '-source', 'web')).out).toMatch(/^web +allow +api +9/m);
      const gone = await run('intention', 'delete', '--wait', 'web', 'db');
      expect(gone).toMatchObject({ code: 0, out: 'Deleted: web => db (deny)\n' });
      expect(await run('intention', 'delete', 'web', 'db')).toMatchObject({ code: 5, out: '' });
    },
  );

  suite.step('intention check says what is so, why, and ends by it', async () => {
    const allowed = await run('intention', 'check', '--why', 'web', 'api');
    expect(allowed).toMatchObject({ code: 0, errors: '' });
    expect(allowed.out).toMatch(/^Allowed\nwhy +Matched L4 intention: .*web => .*api \(precedence 9, allow\)$/m);
    const denied = await run('intention', 'check', 'web', 'nothing');
    expect(denied).toMatchObject({ code: 9, out: 'Denied\n', errors: '' });
    expect((await run('intention', 'check', '-why', 'web', 'nothing')).out).toMatch(
      /^why +no intention matches; the default is deny$/m,
    );
  });

  suite.step('intentions are exported, taken away, and imported: the same text comes out again', async (mesh) => {
    await mesh.dc1.putIntention('web', 'cart', 'deny');
    const exported = await run('intention', 'export');
    const file = join(mesh.folder, 'intentions.json');
    writeFileSync(file, exported.out);
    expect((await run('intention', 'import', file, '--dry-run')).out).toBe('nothing changes\n');
    const [Entry] = JSON.parse(exported.out) as { Name: string }[];
    expect(Entry).toMatchObject({ Kind: 'service-intentions', Name: 'api' });
    const onlyApi = join(mesh.folder, 'only-api.yaml');
    writeFileSync(onlyApi, 'Kind: service-intentions\nName: api\nSources:\n  - Name: "*"\n    Action: deny\n');
    const pruned = await run('intention', 'import', onlyApi, '--prune', '--dry-run');
    expect(pruned.out).toMatch(/^create +\* +api +- +deny\n/m);
    expect(pruned.out).toMatch(/^delete +web +cart +deny +-$/m);
    expect(await run('intention', 'import', onlyApi, '--prune')).toMatchObject({ code: 2, out: '' });
    expect(await run('intention', 'import', onlyApi, '--prune', '--yes')).toMatchObject({ code: 0 });
    expect(await intentionsOf(mesh.dc1)).toEqual([{ SourceName: '*', DestinationName: 'api', Action: 'deny' }]);
    const back = await banyan(env, ['intention', 'import', '--prune', '--yes', '-'], { input: exported.out });
    expect(back).toMatchObject({ code: 0 });
    expect((await run('intention', 'export')).out).toBe(exported.out);
  });

  suite.step(
    'in a real terminal: commands are completed; an import is confirmed by a typed word, with a bar',
    async (mesh) => {
      const file = join(mesh.folder, 'more.json');
      const Sources = Array.from({ length: 40 }, (_, position) => ({ Name: `shop-${position}`, Action: 'deny' }));
      writeFileSync(file, JSON.stringify({ Kind: 'service-intentions', Name: 'shop', Sources }));
      const before = (await run('intention', 'export')).out;
      const shell = await Terminal.open(env);
      try {
        shell.run("source <(banyan completion bash | grep -v '^ended with'); clear; echo so far");
        await shell.shows(/^so far$/m);
        shell.press('banyan inten');
        shell.press('Tab');
        shell.press('imp');
        shell.press('Tab');
        shell.press(file.slice(0, -2));
        shell.press('Tab');
        shell.press(' --pr');
        shell.press('Tab');
        const typed = `banyan intention import ${file} --prune`;
        await shell.shows(new RegExp(typed.replaceAll('.', String.raw`\.`).replaceAll(' ', String.raw`\s*`)));
        shell.press('Enter');
        await shell.shows(/Type import to go on:/);
        shell.run('import');
        await shell.shows(/^intentions \[█+\] 100% [^]*^40 created, 0 changed, 3 deleted\nended with 0$/m);
      } finally {
        shell.close();
      }
      expect(await intentionsOf(mesh.dc1)).toHaveLength(40);
      expect(await banyan(env, ['intention', 'import', '--prune', '--yes', '-'], { input: before })).toMatchObject({
        code: 0,
      });
    },
  );

  suite.step('tokens: made with the secret in a file, read without it, changed, taken away', async (mesh) => {
    const file = join(mesh.folder, 'cart.token');
    const made = await run('token', 'create', '-service-identity', 'cart', '--token-out', file, '-o', 'json');
    const { AccessorID, SecretID } = jsonOf(made) as Token;
    const secret = readFileSync(file, 'utf8').trim();
    mesh.secrets.add('the token of cart', secret);
    expect(SecretID).toBe('<hidden>');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(made.out + made.errors).not.toContain(secret);
    const self = await banyan({ ...env, BANYAN_HTTP_TOKEN_FILE: file }, ['token', 'self']);
    expect(self.out).toMatch(/^role +service cart$/m);
    expect(self.out).not.toContain(secret);
    expect((await run('token', 'list')).out).toMatch(new RegExp(`^${AccessorID} +service cart `, 'm'));
    expect((await run('token', 'read', AccessorID.slice(0, 10))).out).toMatch(/^role +service cart$/m);
    const update = ['token', 'update', AccessorID, '-description', 'the cart, and more'];
    expect((await run(...update, '--dry-run')).out).toMatch(/^Would become:\n[^]*^description +the cart, and more$/m);
    expect((await run(...update, '-service-identity', 'shop')).out).toMatch(/^role +service shop$/m);
    const changed = await banyan({ ...env, BANYAN_HTTP_TOKEN_FILE: file }, ['token', 'self']);
    expect(changed.out).toMatch(/^role +service shop$[^]*^description +the cart, and more$/m);
    expect(await run('token', 'update', AccessorID)).toMatchObject({ code: 2, out: '' });
    expect(await run('token', 'create')).toMatchObject({ code: 2, out: '' });
    expect(await run('token', 'bootstrap')).toMatchObject({ code: 6, out: '' });
    expect(await run('token', 'create', '--role', 'operator-read', '--token-out', file)).toMatchObject({ code: 2 });
    const shown = jsonOf(await run('token', 'create', '--role', 'operator-read', '-o', 'json')) as Token;
    mesh.secrets.add('a token that was shown', shown.SecretID);
    expect(shown.SecretID).toMatch(/^[0-9a-f-]{36}$/);
    expect((await run('token', 'delete', AccessorID)).errors).toContain('add --yes');
    expect((await run('token', 'delete', AccessorID, '--yes')).out).toBe(`Deleted: ${AccessorID}\n`);
    expect(await run('token', 'read', AccessorID)).toMatchObject({ code: 5, out: '' });
    expect(await banyan({ ...env, BANYAN_HTTP_TOKEN_FILE: file }, ['token', 'self'])).toMatchObject({ code: 4 });
  });

  suite.step(
    'services: registered with the agent, seen in the catalog, taken away; a server has no such route',
    async (mesh) => {
      const registered = await run('services', 'register', '-name', 'cart', '-port', '8080', '-tag', 'v2', '--wait');
      expect(registered).toMatchObject({ code: 0, out: 'Registered: cart (cart)\n' });
      expect((await run('services', 'list')).out).toMatch(/^cart +- +passing +1 of 1 +1 +v2$/m);
      expect((await run('services', 'show', 'cart')).out).toMatch(
        /^cart +dc2-agent-1 +dc2 +\S+:8080 +passing +v2 +-$/m,
      );
      expect((await run('services', 'show', 'api', '-o', 'yaml')).out).toContain('Service: api\n');
      expect(await run('services', 'show', 'nothing')).toMatchObject({ code: 5, out: '' });
      const server = await run('services', 'register', '-name', 'x', '--http-addr', mesh.dc2.addresses.serverHttp);
      expect(server).toMatchObject({ code: 5, out: '' });
      expect(server.errors).toContain('registered with the agent of their host');
      const file = join(mesh.folder, 'cart.json');
      writeFileSync(file, JSON.stringify({ service: { id: 'cart-2', name: 'cart', port: 8081 } }));
      expect((await run('services', 'register', file, '--wait')).out).toBe('Registered: cart (cart-2)\n');
      expect((await run('services', 'deregister', file)).out).toBe('Deregistered: cart-2\n');
      expect((await run('services', 'deregister', '-id', 'cart')).out).toBe('Deregistered: cart\n');
    },
  );

  suite.step(
    'the ledger: searched, exported, proved there and by the export alone; a changed line is named',
    async (mesh) => {
      const leaves = await run('ledger', 'list', '--service', 'api', '--since', '1h');
      expect(leaves.out).toMatch(/^ *\d+ +\S+ \S+Z +service +spiffe:\S+\/svc\/api /m);
      const proof = jsonOf(await run('ledger', 'verify', '-o', 'json')) as Proof;
      expect(proof.Valid).toBe(true);
      const exported = await run('ledger', 'export');
      const lines = exported.out.trimEnd().split('\n');
      expect(lines.length).toBeGreaterThanOrEqual(proof.Entries);
      const file = join(mesh.folder, 'ledger.jsonl');
      writeFileSync(file, exported.out);
      const offline = await banyan({}, [
        'ledger',
        'verify',
        '--file',
        file,
        '--anchor',
        anchorText(proof),
        '-o',
        'json',
      ]);
      expect(jsonOf(offline)).toMatchObject({ Valid: true, Entries: lines.length });
      writeFileSync(file, exported.out.replace('"Reason":"first"', '"Reason":"fIrst"'));
      const broken = await banyan({}, ['ledger', 'verify', '--file', file]);
      expect(broken).toMatchObject({ code: 9, errors: '' });
      expect(broken.out).toMatch(/^chain +BROKEN\n[^]*^first break +changed at entry \d+$/m);
      expect((await run('ledger', 'export', '--after', String(lines.length - 2))).out.split('\n')[1]).toBe(
        lines.at(-1),
      );
    },
  );

  suite.step('the audit trail names who did what and who was refused; an export proves itself', async (mesh) => {
    const asWeb = { ...env, BANYAN_HTTP_TOKEN_FILE: mesh.secrets.tokenFile('web') };
    expect(await banyan(asWeb, ['intention', 'create', 'web', 'vault'])).toMatchObject({ code: 4, out: '' });
    const inDc1 = ['--datacenter', 'dc1'];
    const acts = await run(
      'audit',
      'list',
      '--limit',
      '1000',
      '--action',
      'intention.',
      '--actor',
      'management',
      ...inDc1,
    );
    expect(acts.out).toMatch(/^ *\d+ .* management .* intention\.write +intention\/web\/db +ok /m);
    const denied = await run('audit', 'list', '--result', 'denied', '--since', '10m');
    expect(denied.out).toMatch(/^ *\d+ .* web .* intention\.write +intention\/web\/vault +denied PERMISSION_DENIED/m);
    const proof = jsonOf(await run('audit', 'verify', ...inDc1, '-o', 'json')) as Proof;
    expect(proof.Valid).toBe(true);
    const exported = await run('audit', 'export', ...inDc1);
    expect(secretsIn(exported.out, mesh.secrets)).toEqual([]);
    const file = join(mesh.folder, 'audit.jsonl');
    writeFileSync(file, exported.out);
    const offline = await banyan({}, ['audit', 'verify', '--file', file, '--anchor', anchorText(proof), '-o', 'json']);
    expect(jsonOf(offline)).toMatchObject({ Valid: true });
    writeFileSync(file, exported.out.replace('"Action":"intention.write"', '"Action":"intention.wrote"'));
    const broken = await banyan({}, ['audit', 'verify', '--file', file]);
    expect(broken).toMatchObject({ code: 9, errors: '' });
    expect(broken.out).toMatch(/^first break +changed at entry \d+$/m);
  });

  suite.step('a debug bundle holds what helps, and none of all the secrets of this run', async (mesh) => {
    const file = join(mesh.folder, 'bundle.tar.gz');
    const environment = join(mesh.folder, 'server.env');
    const kek = mesh.secrets.keyEncryptionFile('bundle');
    const secret = 'a-password-of-the-database';
    mesh.secrets.add('a password', secret);
    writeFileSync(
      environment,
      `BANYAN_DATACENTER=dc1\nBANYAN_DATABASE_URL=postgres://banyan:${secret}@db/banyan\nBANYAN_KEK_FILE=${kek}\nBANYAN_KEK=${readFileSync(kek, 'utf8').trim()}\n`,
    );
    const log = join(mesh.folder, 'careless.log');
    const texts = [...mesh.secrets.all.values()].filter((text) => text !== 'PRIVATE KEY');
    const careless = texts.map((text) => `someone wrote ${text} here`);
    writeFileSync(
      log,
      `${careless.join('\n')}\n{"level":"info","msg":"ready","note":"${mesh.secrets.token('web')}"}\n`,
    );
    const logs = filesBelow(mesh.folder).filter((path) => path.endsWith('.log'));
    expect(logs.length).toBeGreaterThan(3);
    const words = ['debug', 'bundle', '--file', file, '--env-file', environment, '--log-file', ...logs];
    const made = await run(...words);
    expect(made).toMatchObject({ code: 0 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await run(...words)).toMatchObject({ code: 2 });
    execFileSync('tar', ['-xzf', file, '-C', mesh.folder]);
    const folder = join(
      mesh.folder,
      readdirSync(mesh.folder).find((name) => /^banyan-debug-[\d-]+$/.test(name))!,
    );
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
    expect(JSON.parse(read('answers/federation.json'))).toMatchObject({
      PrimaryDatacenter: 'dc1',
      Datacenters: expect.arrayContaining([expect.objectContaining({ Name: 'dc2', State: 'READY' })]),
    });
    expect(read('metrics.txt')).toMatch(/^banyan_\w+/m);
    expect(read('settings/file-1.env')).toBe(
      `BANYAN_DATABASE_URL=<set>\nBANYAN_DATACENTER=dc1\nBANYAN_KEK=<set>\nBANYAN_KEK_FILE=${kek}\n`,
    );
    expect(JSON.parse(read('manifest.json'))).toMatchObject({ Version: '0.1.0' });
    for (const path of filesBelow(folder)) {
      expect({ path, secrets: secretsIn(readFileSync(path, 'utf8'), mesh.secrets) }).toEqual({ path, secrets: [] });
    }
    expect(secretsIn(made.out + made.errors, mesh.secrets)).toEqual([]);
    const alone = join(mesh.folder, 'alone.tar.gz');
    const away = await run('debug', 'bundle', '--file', alone, '--http-addr', '127.0.0.1:1');
    expect(away).toMatchObject({ code: 0 });
    expect(existsSync(alone)).toBe(true);
  });
});
