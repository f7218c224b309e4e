import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

type Line = Readonly<Record<string, unknown>>;

const pathOf = (name: string): string => fileURLToPath(new URL(`./child/${name}`, import.meta.url));

/** Runs the child to its end, telling `onLine` of every line of its log as it comes. */
const run = async (
  behaviour: string,
  onLine: (line: Line, child: ChildProcess) => void = () => undefined,
): Promise<{ readonly code: number | null; readonly lines: readonly Line[]; readonly errors: string }> => {
  const child = spawn(process.execPath, ['--import', pathOf('register.mjs'), pathOf('main.ts'), behaviour], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: Line[] = [];
  let pending = '';
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  child.stdout.on('data', (chunk) => {
    const texts = (pending + String(chunk)).split('\n');
    pending = texts.pop() ?? '';
    for (const text of texts) {
      const line = JSON.parse(text) as Line;
      lines.push(line);
      onLine(line, child);
    }
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, lines, errors };
};

const messages = (lines: readonly Line[]): unknown[] => lines.map((line) => line['msg']);

describe('a process', () => {
  it.each([
    ['misconfigured', 'CONFIG_INVALID', 'BANYAN_X is not set'],
    ['port-taken', 'PORT_IN_USE', 'the address 127.0.0.1:1 is in use'],
  ])('that is %s ends with 1 and one line that says why', async (behaviour, code, reason) => {
    const ended = await run(behaviour);
    expect(ended.code).toBe(1);
    expect(ended.lines).toHaveLength(1);
    expect(ended.lines[0]).toMatchObject({ code, reason });
    expect(messages(ended.lines)).toEqual(['the process did not start']);
    expect(ended.lines[0]).not.toHaveProperty('stack');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops once on %s, however often it comes, and ends with 0',
    async (signal) => {
      const ended = await run('good', (line, child) => {
        // The second signal comes while the stop is under way.
        if (['running', 'stopping'].includes(String(line['msg']))) child.kill(signal);
      });
      expect([ended.code, messages(ended.lines)]).toEqual([0, ['running', 'stopping', 'stopped']]);
      expect(ended.lines[0]).toMatchObject({ process: 'child', datacenter: 'dc1', node: 'n1' });
    },
  );

  it('ends all the same when it stops badly, and says so', async () => {
    const ended = await run('stops-badly', (line, child) => {
      if (line['msg'] === 'running') child.kill('SIGTERM');
    });
    expect([ended.code, messages(ended.lines)]).toEqual([0, ['running', 'stopping', 'stop failed', 'stopped']]);
  });

  it.each([
    ['fails-later', 'the lease was lost'],
    ['rejects-later', 'nobody looks at this'],
    ['throws-later', 'a listener failed'],
  ])('that %s stops in order and ends with 1', async (behaviour, reason) => {
    const ended = await run(behaviour);
    expect(ended.code).toBe(1);
    const failure = ended.lines.find((line) => line['msg'] === 'the process cannot go on');
    expect(String(failure?.['reason'])).toContain(reason);
    expect(messages(ended.lines).slice(-2)).toEqual(['stopping', 'stopped']);
  });
});
