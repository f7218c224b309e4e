import { describe, expect } from '@jest/globals';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { browserSuite } from './harness/browser-suite.js';
import type { Visitor } from './harness/visitor.js';

/** How soon a page shows that a datacenter is not heard, or heard again. */
const NOTICED_MS = 40_000;

const linkOf = (visitor: Visitor, datacenter: string, state: string) =>
  visitor.page.locator(`[data-datacenter="${datacenter}"] [data-state="${state}"]`).first();

describe('a cut WAN, watched through the dashboard', () => {
  const browser = browserSuite();
  let atPrimary: Visitor;
  let atSecondary: Visitor;
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await mesh.startAgents();
  });

  suite.step('both sides show the link up', async (mesh) => {
    atPrimary = await browser.operator(mesh, 'dc1');
    atSecondary = await browser.operator(mesh, 'dc2');
    await linkOf(atPrimary, 'dc2', 'up').waitFor({ timeout: NOTICED_MS });
    await linkOf(atSecondary, 'dc1', 'up').waitFor({ timeout: NOTICED_MS });
  });

  suite.step('after the cut both sides show it down, live, and the secondary says what it waits for', async (mesh) => {
    await mesh.cutWan('silent');
    await linkOf(atPrimary, 'dc2', 'down').waitFor({ timeout: NOTICED_MS });
    await linkOf(atSecondary, 'dc1', 'down').waitFor({ timeout: NOTICED_MS });
    // Each page talks to a server of its own datacenter: it is live all the while.
    for (const visitor of [atPrimary, atSecondary]) {
      await visitor.isLive();
      await visitor.isAccessible();
    }
    await atPrimary.picture('wan-cut');
    await atSecondary.picture('wan-cut-secondary');
  });

  suite.step('after the healing both sides show it up again by themselves', async (mesh) => {
    await mesh.healWan();
    await linkOf(atPrimary, 'dc2', 'up').waitFor({ timeout: NOTICED_MS });
    await linkOf(atSecondary, 'dc1', 'up').waitFor({ timeout: NOTICED_MS });
  });

  suite.step(
    'a server that goes away is said, with the time of the next attempt, and the page comes back',
    async (mesh) => {
      await mesh.dc2.server.stop();
      await atSecondary.sees(/Connection lost, trying again/);
      await atSecondary.isAccessible();
      await atSecondary.picture('connection-lost');
      mesh.dc2.server.start();
      await mesh.dc2.serverReady();
      await atSecondary.isLive(NOTICED_MS);
      expect(await atSecondary.page.getByText(/Connection lost/).count()).toBe(0);
      await linkOf(atSecondary, 'dc1', 'up').waitFor({ timeout: NOTICED_MS });
      await atPrimary.leave();
      await atSecondary.leave();
    },
  );
});
