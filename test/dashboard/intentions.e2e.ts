import { describe, expect } from '@jest/globals';
import { eventually } from '../e2e/harness/eventually.js';
import { callHttp } from '../e2e/harness/http-call.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { passes, startWebAndApi, type WebAndApi } from '../e2e/harness/web-and-api.js';
import { browserSuite } from './harness/browser-suite.js';
import type { Visitor } from './harness/visitor.js';

/** From a click in dc1 to the sidecar in dc2. */
const EVERYWHERE_MS = 20_000;

const editor = (visitor: Visitor) => visitor.page.getByRole('dialog');

/** Asks the page's question about a pair. */
const ask = async (visitor: Visitor, source: string, destination: string): Promise<void> => {
  const why = visitor.section('Why?');
  await why.getByLabel('May').fill(source);
  await why.getByLabel('call', { exact: true }).fill(destination);
};

describe('intentions through the dashboard', () => {
  let cast: WebAndApi;
  const browser = browserSuite();
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await mesh.startAgents();
    cast = await startWebAndApi(mesh);
  });
  const exact = async (mesh: Parameters<Parameters<typeof suite.step>[1]>[0], source: string, destination: string) => {
    const path = `/v1/connect/intentions/exact?source=${source}&destination=${destination}`;
    const { status, text } = await mesh.dc1.callServer({ path });
    return status === 200 ? (JSON.parse(text) as Record<string, unknown>) : undefined;
  };

  suite.step('are listed, searched, and say why for any pair', async (mesh) => {
    const visitor = await browser.operator(mesh);
    const { page } = visitor;
    await visitor.goTo('Intentions');
    const list = page.getByRole('table', { name: /^All intentions/ });
    await list.getByRole('button', { name: 'web', exact: true }).waitFor();
    expect(await list.getByRole('row').count()).toBe(3);
    await page.getByRole('searchbox').fill('api > web');
    await page.getByText('1 of 2 intentions').waitFor();
    await list.getByRole('button', { name: 'api', exact: true }).click();
    await visitor.section('Why?').getByText('yes, allowed').waitFor();
    await ask(visitor, 'web', 'api');
    const decisive = visitor.section('Why?').locator('.decisive');
    await decisive.getByText('web → api').waitFor();
    await ask(visitor, 'nobody', 'api');
    await visitor.section('Why?').locator('.decisive').getByText('the default policy').waitFor();
    await visitor.isAccessible();
    await visitor.picture('intentions');
    await visitor.leave();
  });

  suite.step('are denied by the editor: a live route is cut, and the page says which rule did it', async (mesh) => {
    const visitor = await browser.operator(mesh);
    const { page } = visitor;
    const [route] = cast.routes;
    await visitor.goTo('Intentions');
    await ask(visitor, 'web', 'api');
    await visitor.section('Why?').getByRole('button', { name: 'Edit…' }).click();
    await editor(visitor).getByLabel(/^Deny/).check();
    await editor(visitor)
      .getByLabel(/^Description/)
      .fill('closed by the page');
    await visitor.isAccessible();
    await visitor.picture('intention-editor');
    await editor(visitor).getByRole('button', { name: 'Save' }).click();
    await editor(visitor).waitFor({ state: 'detached' });
    await visitor.section('Why?').getByText('no, denied').waitFor();
    expect(await exact(mesh, 'web', 'api')).toMatchObject({ Action: 'deny', Description: 'closed by the page' });
    await eventually('a request web → api is refused', { limitMs: EVERYWHERE_MS }, async () => {
      const answer = await callHttp(route.address, { path: '/' }).catch(() => undefined);
      expect(answer?.status ?? 0).not.toBe(200);
    });
    await page.getByText('closed by the page').first().waitFor();
    await visitor.leave();
  });

  suite.step('are deleted by a typed word, with what decides then', async (mesh) => {
    const visitor = await browser.operator(mesh);
    await visitor.goTo('Intentions');
    await visitor.page.getByRole('button', { name: 'Delete web → api' }).click();
    await visitor.page.getByRole('dialog').getByText('the default policy decides').waitFor();
    await visitor.isAccessible();
    await visitor.confirm('delete', 'Delete');
    await visitor.page.getByText('1 intention', { exact: true }).waitFor();
    expect(await exact(mesh, 'web', 'api')).toBeUndefined();
    await visitor.leave();
  });

  suite.step('are made anew by keyboard, with a wildcard, and allow again', async (mesh) => {
    const visitor = await browser.operator(mesh);
    const { page } = visitor;
    await page.keyboard.press('g');
    await page.keyboard.press('i');
    await page.getByRole('heading', { level: 1, name: 'Intentions' }).waitFor();
    await page.getByRole('button', { name: 'New intention…' }).focus();
    await page.keyboard.press('Enter');
    await editor(visitor).getByText('Both a source and a destination are needed.').waitFor();
    await editor(visitor).getByLabel('From').focus();
    await page.keyboard.type('*');
    await page.keyboard.press('Tab');
    await page.keyboard.type('api');
    await editor(visitor)
      .getByText(/for every pair that has no intention of its own/)
      .waitFor();
    await page.keyboard.press('Enter');
    await editor(visitor).waitFor({ state: 'detached' });
    expect(await exact(mesh, '*', 'api')).toMatchObject({ Action: 'allow', Precedence: 8 });
    await passes(cast.routes[0], EVERYWHERE_MS);
    await visitor.leave();
  });

  suite.step(
    'with permissions are kept as they were written, and a wrong one is refused by the server',
    async (mesh) => {
      const visitor = await browser.operator(mesh);
      await visitor.goTo('Intentions');
      await visitor.page.getByRole('button', { name: 'New intention…' }).click();
      const form = editor(visitor);
      await form.getByLabel('From').fill('cron');
      await form.getByLabel('To').fill('db');
      await form.getByLabel(/^By request/).check();
      await form.getByRole('textbox', { name: 'Path' }).fill('/v1/');
      await form.getByLabel(/^Methods/).fill('get, fetch');
      await form.getByRole('button', { name: 'Add a header' }).click();
      await form.getByRole('textbox', { name: 'Header' }).fill('X-Team');
      await form.getByRole('textbox', { name: 'Value' }).fill('orders');
      await visitor.isAccessible();
      await form.getByRole('button', { name: 'Create' }).click();
      await form
        .getByRole('alert')
        .getByText(/"FETCH" is not an HTTP method/)
        .waitFor();
      await form.getByLabel(/^Methods/).fill('get, post');
      await form.getByRole('button', { name: 'Create' }).click();
      await form.waitFor({ state: 'detached' });
      expect(await exact(mesh, 'cron', 'db')).toMatchObject({
        Permissions: [
          {
            Action: 'allow',
            HTTP: { PathPrefix: '/v1/', Methods: ['GET', 'POST'], Header: [{ Name: 'X-Team', Exact: 'orders' }] },
          },
        ],
      });
      await visitor.leave();
    },
  );

  suite.step('stand in a matrix, where a cell says which rule decides', async (mesh) => {
    const visitor = await browser.operator(mesh);
    const { page } = visitor;
    await visitor.goTo('Intentions');
    await page.getByRole('link', { name: 'Matrix' }).click();
    await page.getByRole('button', { name: 'web → api: allow, by * → api' }).click();
    await visitor.section('Why?').locator('.decisive').getByText('* → api').waitFor();
    await page.getByRole('button', { name: 'cron → db: by request, by its own intention' }).waitFor();
    await page.getByRole('button', { name: 'db → cron: default, by default policy' }).waitFor();
    await visitor.isAccessible();
    await visitor.fits();
    await visitor.picture('matrix');
    await page.getByRole('searchbox').fill('cron');
    await page.getByText('2 sources, 3 destinations').waitFor();
    await visitor.leave();
  });
});
