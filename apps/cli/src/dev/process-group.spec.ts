import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isBanyanError, messageOf, SystemTimers } from '@banyan/kernel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ProcessGroup, requireNoLeftovers } from './process-group.js';
import { SupervisedProcess, type Surroundings } from './supervised-process.js';
import { until } from './readiness.js';

let folder: string;
let surroundings: Surroundings;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-group-'));
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  surroundings = { dist: folder, logs, env: { PATH: process.env['PATH'] ?? '' }, timers: new SystemTimers() };
});
afterEach(() => rmSync(folder, { recursive: true }));

const plan = (name: string, script: string, env: Record<string, string> = {}) => {
  writeFileSync(join(folder, `${name}.mjs`), script);
  return { name, entry: `${name}.mjs`, args: [], env };
};

/** Appends to order.txt when it is told to stop; says `up` once it can be told. */
const orderly = (name: string) =>
  plan(
    name,
    `import { appendFileSync } from 'node:fs';
     process.on('SIGTERM', () => { appendFileSync(process.env.ORDER, '${name} '); process.exit(0); });
     setInterval(() => {}, 1000); console.log('up');`,
    { ORDER: join(folder, 'order.txt') },
  );

const untilLogged = (started: SupervisedProcess, text: string): Promise<void> =>
  until(
    {
      timers: surroundings.timers,
      signal: AbortSignal.timeout(20_000),
      nowMs: () => performance.now(),
      limitMs: 15_000,
      pauseMs: 20,
    },
    `waiting for ${started.plan.name}`,
    async () => (readFileSync(started.logPath, 'utf8').includes(text) ? { value: undefined } : { notYet: 'silent' }),
  );

const readLog = (name: string): string => readFileSync(join(surroundings.logs, name), 'utf8').trim();

describe('ProcessGroup', () => {
  it('stops in reverse order, bounded, and leaves no pid file', async () => {
    const group = new ProcessGroup(folder, surroundings);
    const started = [group.start(orderly('first')), group.start(orderly('second'))];
    for (const one of started) await untilLogged(one, 'up');
    expect(() => requireNoLeftovers(folder)).toThrow(/still alive: .*first \(\d+\), second/);
    expect(await group.stop()).toEqual([]);
    expect(readFileSync(join(folder, 'order.txt'), 'utf8')).toBe('second first ');
    expect(existsSync(join(folder, 'running.json'))).toBe(false);
    requireNoLeftovers(folder);
  });

  it('reports a process that ends by itself with its exit code and the last lines of its log', async () => {
    const group = new ProcessGroup(folder, surroundings);
    group.start(plan('broken', `console.log('about to fail'); console.error('the reason'); process.exit(3);`));
    const error: unknown = await group.crashed.catch((reason: unknown) => reason);
    expect(isBanyanError(error, 'INTERNAL')).toBe(true);
    expect(messageOf(error)).toMatch(/broken exited with code 3/);
    expect(messageOf(error)).toMatch(/\| about to fail\n {2}\| the reason\n {2}\(whole log: .*broken\.log\)/);
    expect(await group.stop()).toEqual([]);
  });

  it('kills what does not stop, and says so', async () => {
    const stubborn = new SupervisedProcess(
      plan('stubborn', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up');`),
      surroundings,
    );
    await untilLogged(stubborn, 'up');
    expect(await stubborn.stop(50)).toBe(false);
    expect(await stubborn.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect(stubborn.hasCrashed).toBe(false);
  });

  it('keeps the log of the run before', async () => {
    for (const text of ['one', 'two']) {
      const process = new SupervisedProcess(plan('talker', `console.log('${text}')`), surroundings);
      await process.ended;
    }
    expect([readLog('talker.previous.log'), readLog('talker.log')]).toEqual(['one', 'two']);
  });
});
