import { describe, expect } from '@jest/globals';
import { replicationIsWell, replicationOf } from '../e2e/harness/replication-view.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { browserSuite } from './harness/browser-suite.js';

/** More than ten records, and more than a quarter of all: what a round may not delete unasked. */
const LOST = 24;
/** Samples are taken every 10 s. */
const SAMPLED_MS = 40_000;

describe('replication in the dashboard', () => {
  const browser = browserSuite();
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    for (let n = 0; n < LOST; n += 1) await mesh.dc1.putIntention('web', `lost-${n}`, 'allow');
    await mesh.dc1.putIntention('web', 'kept', 'allow');
    await replicationIsWell(mesh);
  });

  suite.step('shows each stream with its cursor, the canary, the token, and the history of the lag', async (mesh) => {
    const visitor = await browser.operator(mesh, 'dc2');
    await visitor.goTo('Replication');
    await visitor.sees(/^Follows dc1: READY/);
    const streams = visitor.section('Streams').first();
    for (const name of ['intermediate', 'bundle', 'tokens', 'intentions', 'canary'])
      await streams.getByRole('rowheader', { name, exact: true }).waitFor();
    await visitor
      .section(/^How dc2 follows dc1/)
      .locator('[data-state="GREEN"]')
      .waitFor();
    await visitor
      .section('Replication token')
      .first()
      .getByRole('rowheader', { name: 'ca:sign-intermediate' })
      .waitFor();
    const history = visitor.section('Lag over time');
    await history
      .getByRole('img', { name: /^Lag in seconds of dc2.*intentions: at most/ })
      .waitFor({ timeout: SAMPLED_MS });
    await history.getByLabel('Measure').selectOption('Round trip of the canary');
    await history.getByRole('img', { name: /^Round trip of the canary of dc2/ }).waitFor();
    await history.getByLabel('Window').selectOption('6 hours');
    await history.getByRole('img', { name: /canary: at most [\d.]+ m?s/ }).waitFor();
    expect(await history.locator('canvas').evaluate((canvas) => (canvas as HTMLCanvasElement).width)).toBeGreaterThan(
      300,
    );
    await visitor.isAccessible();
    await visitor.picture('replication-secondary');
    await visitor.leave();
  });

  suite.step('of a primary shows every secondary as it told it', async (mesh) => {
    const visitor = await browser.operator(mesh);
    await visitor.goTo('Replication');
    await visitor.sees('The source; 1 secondary in time.');
    const secondaries = visitor.section(/^Secondaries/).first();
    await secondaries.getByRole('button', { name: 'dc2' }).waitFor();
    await visitor.section(/^How dc2 follows dc1/).waitFor();
    await visitor.isAccessible();
    await visitor.picture('replication-primary');
    await visitor.leave();
  });

  suite.step('shows a cut WAN by its state, and what was held after it, with all that would go', async (mesh) => {
    await mesh.cutWan('refused');
    const atSecondary = await browser.operator(mesh, 'dc2');
    await atSecondary.goTo('Replication');
    await atSecondary.sees(/WAITING_PRIMARY/);
    await atSecondary.picture('replication-cut');
    for (let n = 0; n < LOST; n += 1) {
      const path = `/v1/connect/intentions/exact?source=web&destination=lost-${n}`;
      expect((await mesh.dc1.callServer({ method: 'DELETE', path })).status).toBe(200);
    }
    await mesh.healWan();
    await replicationOf(mesh.dc2, 'the deletions are held', ({ Held }) => {
      expect(Held).toMatchObject([{ Stream: 'intentions', Deletions: LOST }]);
    });
    const held = atSecondary.section('Held deletions').first();
    await held.getByText(`${LOST} deletions of ${LOST + 1} records in intentions`).waitFor();
    await held.getByRole('button', { name: /Look at the deletions/ }).click();
    await atSecondary.page.getByRole('dialog').getByText('lost-0').waitFor();
    await atSecondary.isAccessible();
    await atSecondary.picture('held-deletions');
    await atSecondary.page.keyboard.press('Escape');
    await atSecondary.page.getByRole('dialog').waitFor({ state: 'detached' });
    await atSecondary.leave();
  });

  suite.step('confirms what a secondary holds from the page of the primary, by a typed word', async (mesh) => {
    const visitor = await browser.operator(mesh);
    await visitor.goTo('Replication');
    const held = visitor.section('Held deletions').first();
    await held.getByRole('button', { name: /Look at the deletions/ }).click();
    const rows = visitor.page.getByRole('dialog').getByRole('table', { name: /^What would be deleted/ });
    await rows.getByText('lost-0').waitFor();
    expect(await rows.getAttribute('aria-rowcount')).toBe(String(LOST));
    await visitor.confirm(`delete ${LOST}`, 'Delete them');
    await held.waitFor({ state: 'detached' });
    await replicationIsWell(mesh);
    const left = await mesh.dc2.askServer<readonly { DestinationName: string }[]>({ path: '/v1/connect/intentions' });
    expect(left.map(({ DestinationName }) => DestinationName)).toEqual(['kept']);
    await visitor.leave();
  });
});
