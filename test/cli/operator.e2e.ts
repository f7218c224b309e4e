import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { intentionsOf } from '../e2e/harness/datacenter-state.js';
import { eventually } from '../e2e/harness/eventually.js';
import { LoneServer } from '../e2e/harness/lone-server.js';
import { LyingPrimary } from '../e2e/harness/lying-primary.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { replicationIsWell, replicationOf } from '../e2e/harness/replication-view.js';
import { startWebAndApi, type WebAndApi } from '../e2e/harness/web-and-api.js';
import { banyan, type CliAnswer, type CliEnvironment, jsonOf } from './harness/banyan-cli.js';

const MANY = 12;

interface Findings {
  readonly Findings: readonly {
    readonly Area: string;
    readonly Grade: string;
    readonly Text: string;
    readonly Next?: string;
  }[];
}

const gradesOf = ({ Findings }: Findings, area: string): readonly string[] =>
  Findings.filter(({ Area }) => Area === area).map(({ Grade }) => Grade);

describe('banyan, by what it prints and how it ends', () => {
  let env: CliEnvironment;
  let cast: WebAndApi;
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await mesh.startAgents();
    cast = await startWebAndApi(mesh);
    env = {
      BANYAN_HTTP_ADDR: mesh.dc1.addresses.agentHttp,
      BANYAN_HTTP_TOKEN_FILE: mesh.secrets.tokenFile('management'),
    };
  });

  const run = (...words: string[]): Promise<CliAnswer> => banyan(env, words);

  suite.step('status: one screen, all well, nothing to do; the same from the secondary', async (mesh) => {
    await replicationIsWell(mesh);
    const status = await eventually('all is well', { limitMs: 30_000 }, async () => {
      const answer = await run('status');
      if (answer.code !== 0) throw new Error(`ended with ${answer.code}: ${answer.errors}${answer.out}`);
      return answer.out;
    });
    for (const area of ['trust', 'replication', 'rotation', 'servers', 'agents']) {
      expect(status).toMatch(new RegExp(`^${area} +✓ ok `, 'm'));
    }
    expect(status).toMatch(/^next {2}nothing$/m);
    expect(status).not.toContain('\u001B');
    const other = await banyan({ ...env, BANYAN_HTTP_ADDR: mesh.dc2.addresses.agentHttp }, ['status']);
    expect(other).toMatchObject({ code: 0 });
    expect(other.out).toContain('dc1 (primary) READY');
  });

  suite.step('-o json and yaml are the answer as it came', async (mesh) => {
    const asked = await mesh.dc1.askAgent<{ TrustDomain: string }>({ path: '/v1/operator/federation' });
    const json = jsonOf(await run('federation', 'list', '-o', 'json')) as typeof asked;
    expect(Object.keys(json)).toEqual(Object.keys(asked));
    expect(json.TrustDomain).toBe(asked.TrustDomain);
    expect((await run('-output=yaml', 'federation', 'list')).out).toContain(`TrustDomain: ${asked.TrustDomain}\n`);
  });

  suite.step('doctor: every check is ok; it knows files, and goes on without a server', async (mesh) => {
    const dataDir = ['--data-dir', mesh.dc1.dataDir];
    const well = await run('doctor', ...dataDir, '-o', 'json');
    const findings = JSON.parse(well.out) as Findings;
    for (const area of ['connection', 'clock', 'health', 'token', 'version', 'trust', 'replication', 'ports']) {
      expect({ area, grades: new Set(gradesOf(findings, area)) }).toEqual({ area, grades: new Set(['ok']) });
    }
    const open = join(mesh.folder, 'open.token');
    writeFileSync(open, readFileSync(mesh.secrets.tokenFile('management')), { mode: 0o644 });
    const told = await run('doctor', '--token-file', open);
    expect(told.out).toMatch(/! warning token file .*open\.token can be read by others \(mode 644\)\n +→ chmod 600 /);
    expect(told.code).toBe(8);
    const away = await banyan({ ...env, BANYAN_HTTP_ADDR: '127.0.0.1:1' }, ['doctor', ...dataDir]);
    expect(away.code).toBe(9);
    expect(away.out).toMatch(/^connection +✗ FAILURE .*ECONNREFUSED/m);
    expect(away.out).toMatch(/^disk /m);
    expect(away.out).toMatch(/^mesh +- skipped/m);
  });

  suite.step('a token that may not, one that is not known, nobody there, nothing there: 4, 4, 3, 5', async (mesh) => {
    const asWeb = { ...env, BANYAN_HTTP_TOKEN_FILE: mesh.secrets.tokenFile('web') };
    const denied = await banyan(asWeb, ['status']);
    expect(denied).toMatchObject({ code: 4, out: '' });
    expect(denied.errors).toMatch(/operator:read.*\[PERMISSION_DENIED\]\n {2}next: give a token that may/s);
    expect(await banyan(asWeb, ['ca', 'pause', '--yes'])).toMatchObject({ code: 4 });
    expect(await run('status', '--token', 'nobody-has-this')).toMatchObject({ code: 4 });
    expect(await run('status', '--http-addr', '127.0.0.1:1')).toMatchObject({ code: 3 });
    expect(await run('ca', 'rotation', 'status', 'ffff')).toMatchObject({ code: 5 });
    expect(await run('federation', 'list', '--datacenter', 'nowhere')).toMatchObject({ code: 5 });
    expect(await run('ca', 'rotate', '--plan-hash', '0'.repeat(64))).toMatchObject({ code: 6 });
  });

  suite.step('ca roots, config and inspect', async (mesh) => {
    const { ActiveRootID } = await mesh.dc1.roots();
    expect((await run('ca', 'roots')).out).toMatch(new RegExp(`^${ActiveRootID} +active +ec 256`, 'm'));
    const pem = await run('ca', 'roots', '--pem');
    expect(pem.out).toMatch(/^-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----\n$/);
    const config = await run('ca', 'config', 'get', '-o', 'json');
    const changed = { ...(jsonOf(config) as { Config: object }) };
    const file = join(mesh.folder, 'ca.json');
    writeFileSync(file, JSON.stringify({ ...changed, Config: { ...changed.Config, LeafCertTTL: '71h' } }));
    const dry = await run('ca', 'config', 'set', '-config-file', file, '--dry-run');
    expect(dry.out).toMatch(/^LeafCertTTL +"72h" +"71h"$/m);
    expect(await run('ca', 'config', 'set', '-config-file', file, '--yes')).toMatchObject({ code: 0 });
    expect((await run('ca', 'config', 'get')).out).toMatch(/^LeafCertTTL +"71h"$/m);
    const leaf = await cast.web.leaf();
    const inspected = await banyan(env, ['ca', 'inspect', '-'], { input: `${leaf.CertPEM}${leaf.PrivateKeyPEM}` });
    expect(inspected).toMatchObject({ code: 0, errors: '' });
    expect(inspected.out).toMatch(/^trusted +yes$/m);
    expect(inspected.out).toContain(leaf.ServiceURI);
    const foreign = join(mesh.folder, 'foreign.pem');
    const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=x'.split(' ');
    execFileSync('openssl', [...kind, '-keyout', `${foreign}.key`, '-out', foreign], { stdio: 'ignore' });
    const refused = await run('ca', 'inspect', foreign);
    expect(refused.code).toBe(9);
    expect(refused.out).toMatch(/^trusted +NO: .*\[CHAIN_[A-Z_]+\]$/m);
    expect((await run('ca', 'inspect', '--offline', foreign)).out).toMatch(/^subject +CN=x$/m);
  });

  suite.step('a rotation: planned, refused without a terminal, followed to its end by plain lines', async () => {
    const plan = jsonOf(await run('ca', 'rotate', '--dry-run', '-o', 'json')) as { PlanHash: string };
    expect(plan.PlanHash).toMatch(/^[0-9a-f]{64}$/);
    const unasked = await run('ca', 'rotate');
    expect(unasked).toMatchObject({ code: 2, out: '' });
    expect(unasked.errors).toContain('add --yes');
    const short = ['--verify-window', '1s', '--retire-grace', '1s', '--reason', 'by the book'];
    const done = await run('ca', 'rotate', ...short, '--yes', '--wait', '-o', 'json');
    const rotation = jsonOf(done) as { ID: string; Phase: string; Note: string };
    expect(rotation).toMatchObject({ Phase: 'completed', Note: 'by the book' });
    expect(done.errors).toMatch(/^rotation: verify/m);
    expect(done.errors).not.toContain('\u001B');
    expect((await run('ca', 'rotation', 'status')).out).toMatch(/^phase +completed$/m);
    expect((await run('ca', 'rotation', 'list')).out).toContain(rotation.ID);
    expect(await run('ca', 'pause')).toMatchObject({ code: 5 });
  });

  suite.step('steps: looked at, paused, resumed, waived by name, rolled back', async () => {
    const started = await run('ca', 'rotate', '--verify-window', '1h', '--yes', '-o', 'json');
    const { ID } = jsonOf(started) as { ID: string };
    const preview = jsonOf(await run('ca', 'rollback', '--dry-run', '-o', 'json')) as {
      Effect: string[];
      PlanHash: string;
    };
    expect(preview.Effect.length).toBeGreaterThan(0);
    expect((await run('ca', 'pause', ID.slice(0, 8))).out).toMatch(/^health +paused$/m);
    expect((await run('status')).out).toMatch(/^rotation +! warning .* is paused\n +→ banyan ca resume$/m);
    expect((await run('ca', 'pause')).code).toBe(6);
    const waited = await run('ca', 'resume', '--wait', '--wait-limit', '2s');
    expect(waited.code).toBe(7);
    expect(waited.errors).toContain('was not finished in time; it goes on [TIMEOUT]');
    expect((await run('ca', 'rotation', 'status')).out).toMatch(/^health +(running|blocked)$/m);
    const waived = await run('ca', 'waive', 'dc2', 'old-host', '--reason', 'it is scrapped', '--yes');
    expect(waived.out).toContain('waived: dc2/old-host: it is scrapped');
    const back = await run('ca', 'rollback', '--reason', 'a change of mind', '--yes', '--wait');
    expect(back).toMatchObject({ code: 0 });
    expect(back.out).toMatch(/^phase +rolled-back$/m);
  });

  suite.step('replication: what is held is shown and confirmed, what is set aside is named', async (mesh) => {
    await replicationIsWell(mesh);
    expect(await run('replication', 'status')).toMatchObject({ code: 0 });
    expect((await run('replication', 'history', '--since', '5m')).out).toMatch(/^dc2 +canary /m);
    const primary = new LyingPrimary(mesh.dc1.dataDir);
    for (let n = 0; n < MANY; n += 1) await mesh.dc1.putIntention('web', `store-${n}`, 'deny');
    await eventually('dc2 has them', { limitMs: 10_000 }, async () => {
      expect((await intentionsOf(mesh.dc2)).length).toBeGreaterThan(MANY);
    });
    await primary.loseIntentions();
    await replicationOf(mesh.dc2, 'they are held', ({ Held }) => expect(Held).toHaveLength(1));
    const inDc2 = ['--datacenter', 'dc2'];
    const held = await run('replication', 'confirm', 'intentions', ...inDc2, '--dry-run');
    expect(held.out).toContain('- intention store-3');
    expect(await run('replication', 'status', ...inDc2)).toMatchObject({ code: 8 });
    expect(await run('replication', 'confirm', 'intentions', ...inDc2)).toMatchObject({ code: 2 });
    const stale = await run('replication', 'confirm', 'intentions', ...inDc2, '--hash', 'another', '--yes');
    expect(stale).toMatchObject({ code: 6 });
    expect(await run('replication', 'confirm', 'tokens', ...inDc2, '--yes')).toMatchObject({ code: 5 });
    expect((await run('replication', 'confirm', 'intentions', ...inDc2, '--yes')).out).toMatch(
      /^intentions: \d+ records were deleted$/m,
    );
    expect(await intentionsOf(mesh.dc2)).toHaveLength(0);
    await primary.poison('poisoned');
    await replicationOf(mesh.dc2, 'it is set aside', ({ Quarantine }) => expect(Quarantine).toHaveLength(1));
    expect((await run('replication', 'quarantine', ...inDc2)).out).toMatch(/intention poisoned +REQUEST_INVALID/);
    await primary.forget('poisoned');
    await replicationIsWell(mesh);
  });

  suite.step(
    'federation: a datacenter is invited with its secret in a file, stands alone, and is adopted',
    async (mesh) => {
      const file = join(mesh.folder, 'dc3.token');
      expect(await run('federation', 'invite', 'dc2')).toMatchObject({ code: 2 });
      expect((await run('federation', 'invite', 'dc3', '--dry-run')).out).toContain('BANYAN_PRIMARY_WAN_ADDRESS=');
      expect(existsSync(file)).toBe(false);
      const invited = await run('federation', 'invite', 'dc3', '--token-out', file);
      expect(invited).toMatchObject({ code: 0 });
      const secret = readFileSync(file, 'utf8').trim();
      mesh.secrets.add('the token of dc3', secret);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(invited.out + invited.errors).not.toContain(secret);
      const pin = /^BANYAN_ROOT_FINGERPRINT=(.*)$/m.exec(invited.out)?.[1];
      const fingerprint = JSON.stringify(readFileSync(join(mesh.dc1.dataDir, 'root.fingerprint'), 'utf8').trim());
      expect(JSON.stringify(pin)).toBe(fingerprint);
      expect(await run('federation', 'invite', 'dc3', '--token-out', file)).toMatchObject({ code: 2 });
      const alone = await LoneServer.start(mesh, 'dc3', 'lone-server');
      await alone.restartAsSecondary(file);
      await replicationOf(alone, 'it asks', ({ State }) => expect(State).toBe('ADOPTION_REQUIRED'));
      const there = { ...env, BANYAN_HTTP_ADDR: alone.addresses.http };
      expect((await banyan(there, ['federation', 'adopt', '--dry-run'])).out).toMatch(/^would lose +trust domain /m);
      expect(await banyan(there, ['federation', 'adopt'])).toMatchObject({ code: 2 });
      expect(await banyan(there, ['federation', 'adopt', '--hash', 'x', '--yes'])).toMatchObject({ code: 6 });
      expect(await banyan(there, ['federation', 'adopt', '--yes', '--wait'])).toMatchObject({ code: 0 });
      expect((await run('federation', 'list')).out).toMatch(/^dc3 +secondary/m);
      expect(await banyan(there, ['federation', 'adopt', '--yes'])).toMatchObject({ code: 6 });
    },
  );
});
