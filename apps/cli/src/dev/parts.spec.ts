import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBanyanError, SystemRandom } from '@banyan/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDataFolder } from './data-folder.js';
import { requireFreePorts } from './port-check.js';
import { loadSecrets } from './secrets.js';
import { parseDevSettings } from './settings.js';
import { planTopology } from './topology.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'banyan-dev-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const refusal = async (work: () => unknown): Promise<{ code: string; message: string }> => {
  try {
    await work();
  } catch (error) {
    if (isBanyanError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('settings', () => {
  it('have the documented defaults', () => {
    const { folder, ports } = parseDevSettings({}, '/tree');
    expect(folder).toBe('/tree/.banyan');
    expect(Object.values(ports).map((use) => use.port)).toEqual([
      8500, 8510, 8300, 8302, 9500, 9510, 9300, 9302, 8080, 9090, 9191, 21_000, 21_001,
    ]);
  });

  it('move the defaults by the offset, and take a set port as it is', () => {
    const { ports } = parseDevSettings({ BANYAN_DEV_PORT_OFFSET: '10000', BANYAN_DEV_WEB_PORT: '1234' }, '/');
    expect([ports.dc1AgentHttp.port, ports.web.port]).toEqual([18_500, 1234]);
  });

  it.each([
    [{ BANYAN_DEV_WEB_PORT: '70000' }, 'BANYAN_DEV_WEB_PORT'],
    [{ BANYAN_DEV_PORT_OFFSET: '60000' }, 'BANYAN_DEV_PORT_OFFSET'],
    [{ BANYAN_DEV_WEB_PORT: '9090' }, 'BANYAN_DEV_API_PORT'],
  ])('refuse %j naming %s', async (env, setting) => {
    const { code, message } = await refusal(() => parseDevSettings(env, '/'));
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toContain(setting);
  });
});

describe('the port check', () => {
  it('names the port, its purpose and the setting to change, and passes when it is free', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const uses = [{ port, purpose: 'demo service web', setting: 'BANYAN_DEV_WEB_PORT' }];
    const { code, message } = await refusal(() => requireFreePorts(uses));
    expect(code).toBe('PORT_IN_USE');
    expect(message).toContain(`127.0.0.1:${port} (demo service web)`);
    expect(message).toContain('BANYAN_DEV_WEB_PORT');
    holder.close();
    await once(holder, 'close');
    await requireFreePorts(uses);
  });
});

describe('the data folder', () => {
  it('refuses and keeps a folder with other content, even when told to start over', async () => {
    const path = join(root, 'foreign');
    mkdirSync(path);
    writeFileSync(join(path, 'thesis.txt'), 'years of work');
    for (const fresh of [false, true]) {
      const { code, message } = await refusal(() => openDataFolder(path, { fresh }));
      expect([code, message.includes('BANYAN_DATA_DIR')]).toEqual(['CONFIG_INVALID', true]);
    }
    expect(readFileSync(join(path, 'thesis.txt'), 'utf8')).toBe('years of work');
  });

  it('keeps its content on the next start and loses it with fresh', () => {
    const path = join(root, 'own');
    openDataFolder(path, { fresh: false });
    writeFileSync(join(path, 'state'), '');
    openDataFolder(path, { fresh: false });
    expect(existsSync(join(path, 'state'))).toBe(true);
    openDataFolder(path, { fresh: true });
    expect(existsSync(join(path, 'state'))).toBe(false);
  });
});

describe('the secrets and the plan', () => {
  it('are made once, private, and never stand in a process environment', () => {
    const folder = openDataFolder(join(root, 'secrets'), { fresh: false });
    const settings = parseDevSettings({}, root);
    const first = loadSecrets(folder, new SystemRandom());
    const second = loadSecrets(folder, new SystemRandom());
    const texts = Object.values(first.tokens).map((token) => token.reveal());
    expect(Object.values(second.tokens).map((token) => token.reveal())).toEqual(texts);
    expect(new Set(texts).size).toBe(6);
    for (const path of [first.initialTokensFile, first.environmentFile, first.tokenFile('management')]) {
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    const initial = JSON.parse(readFileSync(first.initialTokensFile, 'utf8')) as { role: object; secret: string }[];
    expect(initial.map((entry) => entry.secret)).toEqual(texts);
    expect(initial[3]?.role).toEqual({ kind: 'agent', node: 'dc2-agent-1' });

    const { rootFingerprintFile, ...plans } = planTopology({ settings, folder, secrets: first });
    const environments = JSON.stringify(Object.values(plans).map((plan) => plan.env));
    for (const text of texts) expect(environments).not.toContain(text);
    expect(plans.dc2Server.env).toMatchObject({
      BANYAN_PRIMARY_WAN_ADDRESS: '127.0.0.1:8302',
      BANYAN_ROOT_FINGERPRINT_FILE: rootFingerprintFile,
      BANYAN_WAN_ADVERTISE: '127.0.0.1:9302',
    });
    expect(Buffer.from(readFileSync(plans.dc1Server.env['BANYAN_KEK_FILE']!, 'utf8'), 'base64')).toHaveLength(32);
  });
});
