import { describe, expect } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { callHttp } from '../e2e/harness/http-call.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { startWebAndApi } from '../e2e/harness/web-and-api.js';
import { browserSuite } from './harness/browser-suite.js';

/** What the first visit loads at most, gzipped. */
const FIRST_LOAD_BYTES = 200 * 1024;
const PAGE = join(process.cwd(), 'dist/dashboard');
const PHONE = 390;

const ownPages = [
  'Federation',
  'Trust',
  'Rotation',
  'Replication',
  'Intentions',
  'Services',
  'Ledger',
  'Audit',
] as const;

describe('the pages of the dashboard against two datacenters', () => {
  const browser = browserSuite();
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await mesh.startAgents();
    await startWebAndApi(mesh);
  });

  suite.step('are served under a strict policy, hashed files for ever', async (mesh) => {
    const { serverHttp } = mesh.dc1.addresses;
    const page = await callHttp(serverHttp, { path: '/ui/' });
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    const [asset] = readdirSync(join(PAGE, 'assets'));
    const { headers } = await callHttp(serverHttp, { path: `/ui/assets/${asset}` });
    expect(headers['cache-control']).toContain('immutable');
  });

  suite.step('load within 200 KB gzipped', async () => {
    const files = ['index.html', ...readdirSync(join(PAGE, 'assets')).map((name) => `assets/${name}`)];
    const sizes = files.map((name) => gzipSync(readFileSync(join(PAGE, name))).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    console.info(`first load: ${(total / 1024).toFixed(1)} KB gzipped`);
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(total).toBeLessThan(FIRST_LOAD_BYTES);
  });

  suite.step('ask for a token, refuse an unknown one by name, and keep it in memory only', async (mesh) => {
    const visitor = await browser.stranger(mesh);
    const { page } = visitor;
    await page.getByLabel('Token', { exact: true }).fill('00000000-0000-4000-8000-000000000000');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(/ACL_NOT_FOUND|not found/i);
    await visitor.isAccessible();
    await visitor.picture('sign-in');
    await visitor.signIn(mesh.secrets.token('management'));
    await visitor.isLive();
    const kept = await page.evaluate(() =>
      [Object.entries(localStorage), Object.entries(sessionStorage), document.cookie].join(),
    );
    expect(kept).not.toContain(mesh.secrets.token('management'));
    await page.reload();
    await page.getByLabel('Token', { exact: true }).waitFor();
    await visitor.leave();
  });

  suite.step('tell who may not look, by the permission that is missing', async (mesh) => {
    const visitor = await browser.stranger(mesh);
    await visitor.page.getByRole('button', { name: /Look around/ }).click();
    for (const title of ownPages) {
      await visitor.goTo(title);
      await visitor.sees(/Without a token you may not see/);
      await visitor.isAccessible();
    }
    await visitor.picture('denied');
    await visitor.page.getByRole('button', { name: 'Sign in with a token' }).click();
    await visitor.page.getByLabel('Token', { exact: true }).waitFor();
    await visitor.leave();
  });

  suite.step(
    'show both datacenters: state, link, lag, canary, servers with leases, agents by version',
    async (mesh) => {
      const visitor = await browser.operator(mesh);
      const { page } = visitor;
      for (const name of ['dc1', 'dc2']) {
        const card = page.locator(`[data-datacenter="${name}"]`);
        await card.locator('[data-state="READY"]').waitFor({ timeout: 30_000 });
      }
      const second = page.locator('[data-datacenter="dc2"]');
      await second.locator('[data-state="up"]').waitFor();
      await second.locator('[data-state="GREEN"]').waitFor();
      const servers = visitor.section('Servers and lease holders').first();
      for (const server of ['dc1-server-1', 'dc2-server-1']) expect(await servers.textContent()).toContain(server);
      expect(await servers.textContent()).toContain('authority');
      await visitor.sees('1 of 1');
      await visitor.isAccessible();
      await visitor.picture('federation');
      await visitor.leave();
    },
  );

  suite.step('of a secondary say whose view it is', async (mesh) => {
    const visitor = await browser.operator(mesh, 'dc2');
    await visitor.sees('seen from dc2');
    await visitor.page.locator('[data-datacenter="dc2"] [data-state="READY"]').waitFor();
    await visitor.isAccessible();
    await visitor.picture('federation-of-a-secondary');
    await visitor.leave();
  });

  suite.step('show the tree of trust, and what is in a certificate that is clicked or pasted', async (mesh) => {
    const visitor = await browser.operator(mesh);
    const { page } = visitor;
    const { ActiveRootID } = await mesh.dc1.roots();
    await visitor.goTo('Trust');
    const root = page.locator(`[data-root="${ActiveRootID}"]`);
    await root.getByRole('heading', { name: 'dc1' }).waitFor();
    await root.getByRole('heading', { name: 'dc2' }).waitFor({ timeout: 30_000 });
    expect(await root.getByRole('meter').count()).toBe(3);
    await root.getByRole('button', { name: /^Inspect root/ }).click();
    await visitor.sees('trusted by the present bundle');
    await visitor.isAccessible();
    await visitor.picture('trust');
    const { CertPEM } = await mesh.dc1.askAgent<{ CertPEM: string }>({ path: '/v1/agent/connect/ca/leaf/pasted' });
    await page.getByLabel(/Certificates as PEM/).fill(CertPEM);
    await visitor.section('Inspect certificates').getByRole('button', { name: 'Inspect', exact: true }).click();
    await visitor.sees(/\/svc\/pasted/);
    await page.getByLabel(/Certificates as PEM/).fill('no certificate');
    await visitor.section('Inspect certificates').getByRole('button', { name: 'Inspect', exact: true }).click();
    await page.locator('.dialog-error').waitFor();
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the bundle' }).click(),
    ]);
    expect(readFileSync(await saved.path(), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
    await visitor.leave();
  });

  suite.step('are reached by keys alone, with the focus to be seen', async (mesh) => {
    const visitor = await browser.operator(mesh);
    const { keyboard } = visitor.page;
    for (const [key, title] of [
      ['t', 'Trust'],
      ['r', 'Rotation'],
      ['p', 'Replication'],
      ['i', 'Intentions'],
      ['s', 'Services'],
      ['l', 'Ledger'],
      ['a', 'Audit'],
      ['f', 'Federation'],
    ] as const) {
      await keyboard.press('g');
      await keyboard.press(key);
      await visitor.page.getByRole('heading', { level: 1, name: title }).waitFor();
    }
    await keyboard.press('?');
    await visitor.page.getByRole('dialog').waitFor();
    await visitor.isAccessible();
    await keyboard.press('Escape');
    await visitor.page.getByRole('dialog').waitFor({ state: 'detached' });
    await visitor.page.reload();
    await visitor.signIn(mesh.secrets.token('management'));
    // As after a fresh load: the next Tab begins at the top, not where the form was.
    await visitor.page.evaluate(() => {
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute('tabindex');
    });
    await keyboard.press('Tab');
    expect(await visitor.page.evaluate(() => document.activeElement?.textContent)).toMatch(/Skip to the page/);
    await keyboard.press('Enter');
    expect(await visitor.page.evaluate(() => document.activeElement?.id)).toBe('main');
    await visitor.leave();
  });

  suite.step('are readable in the dark and on a phone', async (mesh) => {
    for (const looks of [{ scheme: 'dark' }, { width: PHONE }, { scheme: 'dark', width: PHONE }] as const) {
      const visitor = await browser.operator(mesh, 'dc1', looks);
      for (const title of ownPages) {
        await visitor.goTo(title);
        await visitor.isLive();
        await visitor.isAccessible();
        await visitor.fits();
        await visitor.picture(`${title.toLowerCase()}-${Object.values(looks).join('-')}`);
      }
      await visitor.leave();
    }
  });

  suite.step('switch between light and dark, and remember it', async (mesh) => {
    const visitor = await browser.operator(mesh);
    const background = (): Promise<string> =>
      visitor.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const asSystem = await background();
    await visitor.page.getByRole('button', { name: 'Theme: system' }).click();
    await visitor.page.getByRole('button', { name: 'Theme: light' }).click();
    await visitor.page.getByRole('button', { name: 'Theme: dark' }).waitFor();
    expect(await background()).not.toBe(asSystem);
    await visitor.page.reload();
    expect(await visitor.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
    await visitor.leave();
  });
});
