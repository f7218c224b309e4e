import { afterAll, describe, expect } from '@jest/globals';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { onlyRoots, type RotationCast, startRotationCast } from '../e2e/harness/rotation-cast.js';
import { browserSuite } from './harness/browser-suite.js';
import type { Visitor } from './harness/visitor.js';

/** Reports come every 3 s at least; the machine the tests run on may be busy. */
const PHASE_LIMIT_MS = 60_000;

/** Waits until the stepper stands at a phase. */
const reaches = (visitor: Visitor, phase: string): Promise<void> =>
  visitor.page.locator(`.stepper [aria-current="step"][data-phase="${phase}"]`).waitFor({ timeout: PHASE_LIMIT_MS });

/** Presses the button of a step and answers its question, after the preview is there. */
const take = async (
  visitor: Visitor,
  { button, word, action, reason }: { readonly [name in 'button' | 'word' | 'action' | 'reason']: string },
): Promise<void> => {
  await visitor.page
    .getByRole('group', { name: 'What can be asked of it' })
    .getByRole('button', { name: button })
    .click();
  await visitor.page.getByRole('dialog').getByRole('heading', { name: 'What it does' }).waitFor();
  await visitor.confirm(word, action, { Reason: reason });
};

/** Plans with short waits and starts what the plan shows. */
const startByPage = async (
  visitor: Visitor,
  reason: string,
  { distributeWait = '60s', window = '2s' }: { readonly distributeWait?: string; readonly window?: string } = {},
): Promise<void> => {
  const { page } = visitor;
  await page.getByRole('button', { name: 'Plan a rotation' }).click();
  await page.getByLabel(/^Longest wait/).fill(distributeWait);
  await page.getByLabel(/^Window of verification/).fill(window);
  await page.getByLabel(/^Grace before the end/).fill('1s');
  await page.getByLabel(/^Reason, for the journal/).fill(reason);
  await page.getByRole('button', { name: 'Plan (nothing changes)' }).click();
  await page.getByRole('button', { name: 'Start this plan…' }).click();
  await visitor.confirm('rotate', 'Start');
};

describe('a rotation through the dashboard', () => {
  let cast: RotationCast;
  let firstRoot: string;
  const browser = browserSuite();
  const suite = meshSuite(async (mesh) => {
    cast = await startRotationCast(mesh);
    firstRoot = (await mesh.dc1.roots()).ActiveRootID;
  });
  afterAll(() => cast?.load.stop());

  suite.step('is planned: who is touched, how much is signed; nothing changes', async (mesh) => {
    const visitor = await browser.operator(mesh);
    const { page } = visitor;
    await visitor.goTo('Rotation');
    await visitor.sees('No root has ever been rotated here');
    await page.getByRole('button', { name: 'Plan a rotation' }).click();
    await page.getByRole('button', { name: 'Plan (nothing changes)' }).click();
    const plan = visitor.section('Plan');
    await plan.getByText('2 datacenters, 3 agents').waitFor();
    await visitor.isAccessible();
    await visitor.picture('rotation-plan');
    expect(await cast.rotations.list()).toEqual([]);
    await visitor.leave();
  });

  suite.step(
    'waits for a frozen agent by name, is paused and resumed, and takes a waiver',
    async (mesh) => {
      const visitor = await browser.operator(mesh);
      await visitor.goTo('Rotation');
      cast.spare.process.freeze();
      await startByPage(visitor, 'through the page', { distributeWait: '10m' });
      await reaches(visitor, 'distribute');
      await take(visitor, { button: 'Pause', word: 'pause', action: 'Pause', reason: 'to look around' });
      await visitor.sees('paused: to look around');
      await take(visitor, { button: 'Resume', word: 'resume', action: 'Resume', reason: '' });
      const waiting = visitor.section(/^What (?:distribute|activate) waits for/);
      await waiting.getByText(cast.spare.node).first().waitFor({ timeout: PHASE_LIMIT_MS });
      await visitor.isAccessible();
      await visitor.picture('rotation-waits');
      await waiting
        .getByRole('button', { name: `Waive dc2 / ${cast.spare.node}` })
        .first()
        .click();
      await visitor.page.getByRole('dialog').getByRole('heading', { name: 'What it does' }).waitFor();
      await visitor.isAccessible();
      await visitor.picture('rotation-waive');
      await visitor.confirm('waive', 'Waive', { Reason: 'it is in a drawer' });
      await visitor.section('Waived').getByText('it is in a drawer').waitFor();
      cast.spare.process.resume();
      await visitor.leave();
    },
    180_000,
  );

  suite.step(
    'is watched through every phase to its end without a reload',
    async (mesh) => {
      const visitor = await browser.operator(mesh);
      await visitor.goTo('Rotation');
      await reaches(visitor, 'completed');
      await visitor.sees('Nothing is being rotated.');
      await visitor.picture('rotation-completed');
      await onlyRoots(mesh, [(await mesh.dc1.roots()).ActiveRootID]);
      expect((await mesh.dc1.roots()).ActiveRootID).not.toBe(firstRoot);
      await visitor.goTo('Trust');
      await visitor
        .section('Timeline')
        .getByText(/Change of the root \(planned\) completed/)
        .waitFor();
      await visitor.leave();
    },
    180_000,
  );

  suite.step(
    'is rolled back by a typed word, and says so',
    async (mesh) => {
      const before = (await mesh.dc1.roots()).ActiveRootID;
      const visitor = await browser.operator(mesh);
      await visitor.goTo('Rotation');
      // In a phase that lasts: a step is refused when what its preview said has changed.
      await startByPage(visitor, 'to be rolled back', { window: '60s' });
      await reaches(visitor, 'verify');
      await take(visitor, {
        button: 'Roll back',
        word: 'roll back',
        action: 'Roll back',
        reason: 'thought better of it',
      });
      await reaches(visitor, 'rolled-back');
      await visitor.sees(/thought better of it/);
      await onlyRoots(mesh, [before], PHASE_LIMIT_MS);
      await visitor.leave();
    },
    180_000,
  );

  suite.step(
    'a compromised root is replaced: the plan names who breaks, the word is another',
    async (mesh) => {
      const before = (await mesh.dc1.roots()).ActiveRootID;
      const visitor = await browser.operator(mesh);
      const { page } = visitor;
      await visitor.goTo('Rotation');
      await page.getByRole('button', { name: 'Plan a rotation' }).click();
      await page.getByRole('combobox', { name: 'What' }).selectOption('A root is compromised');
      await page.getByRole('combobox', { name: 'Root', exact: true }).selectOption(before);
      await page.getByLabel('Deadline (10m)').fill('30s');
      await page.getByLabel('Why it is thought to be').fill('found on a laptop');
      await page.getByRole('button', { name: 'Plan (nothing changes)' }).click();
      await page.getByRole('button', { name: 'Start this plan…' }).click();
      await visitor.picture('taint-confirm');
      await visitor.confirm('taint', 'Start');
      await reaches(visitor, 'completed');
      expect((await mesh.dc1.roots()).Roots.map(({ ID }) => ID)).not.toContain(before);
      await visitor.leave();
    },
    180_000,
  );
});
