import { describe, expect } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { eventually } from '../e2e/harness/eventually.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { browserSuite } from './harness/browser-suite.js';
import { EventFlood } from './harness/event-flood.js';
import { fillLedger, fillCatalog } from './harness/many.js';
import { memoryOf, type PageMemory } from './harness/memory.js';

const SERVICES = 10_000;
const ENTRIES = 100_000;
/** A window of 900 pixels has some twenty rows; a few more are kept ready. */
const MOST_ROWS_DRAWN = 60;
/** What a notch of scrolling may cost the page's thread: the time of a frame at 60 a second. */
const MOST_NOTCH_MS = 16;

/** A notch of a wheel, in pixels. */
const NOTCH = 120;

/**
 * Scrolls on from the middle by notches, one a frame, then jumps to the end. Resolves to the time that the page's thread
 * computed per notch, in milliseconds: that of the processor, so that a busy machine counts less.
 */
const scrollOn = async (page: Page, list: Locator, notches: number): Promise<number> => {
  const debug = await page.context().newCDPSession(page);
  await debug.send('Performance.enable', { timeDomain: 'threadTicks' });
  const computed = async (): Promise<number> =>
    (await debug.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')!.value * 1_000;
  await list.evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  const before = await computed();
  await list.evaluate(
    async (element, { count, notch }) => {
      for (let step = 1; step <= count; step += 1) {
        element.scrollTop += notch;
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    },
    { count: notches, notch: NOTCH },
  );
  const each = ((await computed()) - before) / notches;
  await list.evaluate((element) => (element.scrollTop = element.scrollHeight));
  await debug.detach();
  return each;
};

/** What a page may hold more after an hour. */
const MOST_GROWTH_BYTES = 3 * 1024 * 1024;

const rowsDrawn = (list: Locator): Promise<number> => list.locator('.virtual-row').count();

const megabytes = ({ heapBytes }: PageMemory): string => `${(heapBytes / 1024 / 1024).toFixed(1)} MB`;

describe('long lists and long hours in the dashboard', () => {
  const browser = browserSuite();
  const suite = meshSuite(async (mesh) => {
    mesh.dc1.startServers();
    await mesh.dc1.serverReady();
  });

  suite.step(
    `${SERVICES} services are one list: searched, filtered, scrolled to the end, and few rows are drawn`,
    async (mesh) => {
      await fillCatalog(mesh.dc1, SERVICES);
      const visitor = await browser.operator(mesh);
      const { page } = visitor;
      await visitor.goTo('Services');
      const list = page.getByRole('table', { name: /^Services/ });
      await visitor.sees(/^10,000 services with 10,000 instances; 100 critical/);
      expect(await list.getAttribute('aria-rowcount')).toBe(String(SERVICES));
      await list.getByRole('button', { name: 'svc-00000' }).waitFor();
      const each = await scrollOn(page, list, 200);
      console.info(`${SERVICES} services: ${each.toFixed(1)} ms of computing per notch of scrolling`);
      expect(each).toBeLessThan(MOST_NOTCH_MS);
      await list.getByRole('button', { name: 'svc-09999' }).waitFor();
      expect(await rowsDrawn(list)).toBeLessThan(MOST_ROWS_DRAWN);
      await visitor.isAccessible();
      await page.getByRole('searchbox').fill('team-3');
      await visitor.sees(/^1,42\d of 10,000 rows/);
      await page.getByRole('searchbox').fill('');
      await page.getByLabel('Health').selectOption('not passing');
      await visitor.sees('100 of 10,000 rows');
      await list.getByRole('button', { name: 'svc-00100' }).click();
      await visitor
        .section(/^Instances of svc-00100/)
        .getByText('alive: critical')
        .waitFor();
      await visitor.picture('services');
      await visitor.leave();
    },
    300_000,
  );

  suite.step(
    `${ENTRIES} entries of the ledger are one list, entered anywhere, proved, and few of them are in memory`,
    async (mesh) => {
      await fillLedger(mesh.dc1.dataDir, ENTRIES);
      const visitor = await browser.operator(mesh);
      const { page } = visitor;
      await visitor.goTo('Ledger');
      const list = page.getByRole('table', { name: /^Entries of the ledger/ });
      await visitor.sees('100,000 entries');
      await list.getByRole('button', { name: `Entry ${ENTRIES}`, exact: true }).waitFor();
      const before = await memoryOf(page);
      const each = await scrollOn(page, list, 200);
      console.info(`${ENTRIES} entries: ${each.toFixed(1)} ms of computing per notch of scrolling`);
      expect(each).toBeLessThan(MOST_NOTCH_MS);
      await list.getByRole('button', { name: 'Entry 1', exact: true }).waitFor();
      expect(await rowsDrawn(list)).toBeLessThan(MOST_ROWS_DRAWN);
      await restInEveryPart(page, list);
      const after = await memoryOf(page);
      console.info(`ledger: ${megabytes(before)} at its beginning, ${megabytes(after)} after 30 places`);
      expect(after.heapBytes - before.heapBytes).toBeLessThan(12 * 1024 * 1024);
      expect(after.nodes).toBeLessThan(before.nodes + 500);
      await visitor.isAccessible();
      await page.getByRole('button', { name: 'Verify the chain' }).click();
      await visitor.sees(/Nothing was changed, left out or put in: 100,000 entries/, 60_000);
      await visitor.picture('ledger');
      await visitor.leave();
    },
    300_000,
  );

  suite.step('the ledger is searched and exported: what was found, and everything', async (mesh) => {
    const visitor = await browser.operator(mesh);
    const { page } = visitor;
    await visitor.goTo('Ledger');
    await page.getByLabel('Service', { exact: true }).fill('svc-7');
    await visitor.sees('100 entries');
    const saved = async (button: string): Promise<string> => {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: button, exact: true }).click(),
      ]);
      return readFileSync(await file.path(), 'utf8');
    };
    const csv = (await saved('Export as CSV')).trimEnd().split('\r\n');
    expect([csv.length, csv[0]!.startsWith('Seq,IssuedAt,Kind,Serial')]).toEqual([101, true]);
    const lines = (await saved('Export as JSON lines')).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { Subject: string }).Subject)).toEqual(Array(100).fill('svc-7'));
    const all = (await saved('Export everything')).trimEnd().split('\n');
    expect([all.length, (JSON.parse(all[0]!) as { Seq: number }).Seq]).toEqual([ENTRIES, 1]);
    await page.getByLabel('Node').fill('nobody');
    await visitor.sees('Nothing in the ledger fits');
    await page.getByLabel('Serial number').fill('no hexadecimal');
    await visitor.sees(/Invalid value for \?serial/);
    await page.getByRole('button', { name: 'Clear' }).click();
    await visitor.sees('100,000 entries');
    await page.getByRole('button', { name: 'Entry 99999', exact: true }).click();
    await page.getByRole('dialog').getByText('svc-999').first().waitFor();
    await visitor.isAccessible();
    await visitor.leave();
  });

  suite.step(
    'left open for an hour of events, one a second of each kind, no page grows',
    async (mesh) => {
      await fillLedger(mesh.dc1.dataDir, 1_000);
      const flood = await EventFlood.before(mesh.dc1.addresses.serverHttp);
      const token = mesh.secrets.token('management');
      const visitor = await browser.at(flood.address);
      await visitor.signIn(token);
      await visitor.isLive();
      for (const title of ['Federation', 'Replication', 'Ledger'] as const) {
        await visitor.goTo(title);
        await flood.tell(100, 1, token);
        const before = await memoryOf(visitor.page);
        await flood.tell(3_600, 1, token);
        // It may still read what it was told; what is kept for good is there after that, too.
        const after = await eventually(
          `${title} is as small as before`,
          { limitMs: 40_000, everyMs: 1_000 },
          async () => {
            const now = await memoryOf(visitor.page);
            expect(now.nodes).toBeLessThan(before.nodes + 300);
            expect(now.listeners).toBeLessThan(before.listeners + 50);
            expect(now.heapBytes - before.heapBytes).toBeLessThan(MOST_GROWTH_BYTES);
            return now;
          },
        );
        console.info(
          `${title}, 3,600 × 10 events: ${megabytes(before)} and ${before.nodes} nodes, then ${megabytes(after)} and ${after.nodes}`,
        );
      }
      await visitor.leave();
      await flood.stop();
    },
    300_000,
  );
});

/** Rests in thirty places of a list, so that the pages of each are fetched: more than are kept. */
async function restInEveryPart(page: Page, list: Locator): Promise<void> {
  for (let part = 0; part < 30; part += 1) {
    await list.evaluate((element, at) => {
      element.scrollTop = (element.scrollHeight * at) / 30;
    }, part);
    const first = Math.max(0, Math.floor((ENTRIES * part) / 30));
    await page.getByRole('button', { name: `Entry ${ENTRIES - first - 1}`, exact: true }).waitFor();
  }
}
