import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { TextStream } from '../session/surroundings.js';
import { Confirmation } from './confirmation.js';
import { LiveView } from './live-view.js';
import { createPaint, type Paint } from './paint.js';
import { plainText } from './plain-text.js';
import { Progress } from './progress.js';
import { facts, table } from './table.js';
import { momentText, shortId, spanText, timeText, withShortIds } from './words.js';

const noPaint: Paint = (_, text) => text;

/** A stream that says it is a terminal of that size, and what was written to it. */
const screen = (
  isTTY: boolean,
  rows = 24,
  columns = 80,
): { readonly stream: TextStream; readonly text: () => string } => {
  const stream = Object.assign(new PassThrough(), { isTTY, rows, columns });
  const chunks: string[] = [];
  stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  return { stream, text: () => chunks.join('') };
};

describe('plainText', () => {
  it.each([
    ['web → api, ünïcode', 'web → api, ünïcode'],
    ['a\u001B[2Jb', 'a\\u001b[2Jb'],
    ['a\nb\tc', 'a\\u000ab\\u0009c'],
    ['\u009B31m', '\\u009b31m'],
    ['evil\u202Etxt.exe\u2066', 'evil\\u202etxt.exe\\u2066'],
  ])('writes %j as %j', (given, expected) => expect(plainText(given)).toBe(expected));
});

describe('table', () => {
  it('aligns columns, shows what is missing as -, and lets no value act on the terminal', () => {
    const columns = [
      { title: 'NAME', value: ({ name }: { name: string; count?: number }) => name },
      { title: 'COUNT', value: ({ count }: { name: string; count?: number }) => count, align: 'right' as const },
    ];
    expect(table(columns, [{ name: 'a', count: 10 }, { name: 'b\u001Bc' }], noPaint)).toBe(
      'NAME      COUNT\na            10\nb\\u001bc      -\n',
    );
  });

  it('facts stand below each other', () => {
    expect(
      facts(
        [
          ['id', 'x'],
          ['longer', undefined],
        ],
        noPaint,
      ),
    ).toBe('id      x\nlonger  -\n');
  });
});

describe('words', () => {
  it.each([
    [0, '0 s'],
    [999, '0 s'],
    [61_000, '1 min'],
    [7_200_000, '2 h'],
    [200_000_000, '2 d'],
  ])('%i ms are %s', (ms, text) => expect(spanText(ms)).toBe(text));

  it('tells moments by their distance, and shortens IDs wherever they stand', () => {
    const now = Date.parse('2026-01-01T00:00:10Z');
    expect(momentText('2026-01-01T00:00:05.000Z', now)).toBe('5 s ago');
    expect(momentText('2026-01-01T00:01:10Z', now)).toBe('in 1 min');
    expect(momentText(null, now)).toBe('never');
    expect(timeText('2026-01-01T00:00:05.123Z')).toBe('2026-01-01 00:00:05Z');
    const id = 'f3:c3:70:44:39:02:f8:5e:7a:fa:11:8d:10:a6:c4:94:76:45:82:33';
    expect(shortId(id)).toBe('f3:c3:70:44:39:02:f8:5e…');
    expect(withShortIds(`root ${id} is made`)).toBe('root f3:c3:70:44:39:02:f8:5e… is made');
    expect(withShortIds('at 12:30:11')).toBe('at 12:30:11');
  });
});

const painted = (isTTY: boolean, env: Record<string, string>, isWanted = true): string =>
  createPaint({ stream: screen(isTTY).stream, env, isWanted })('good', 'x');

describe('colours', () => {
  it('are for terminals, unless they are refused', () => {
    expect(painted(true, {})).toBe('\u001B[32mx\u001B[39m');
    for (const plain of [
      painted(false, {}),
      painted(true, { NO_COLOR: '1' }),
      painted(true, { TERM: 'dumb' }),
      painted(true, {}, false),
    ]) {
      expect(plain).toBe('x');
    }
  });
});

describe('LiveView', () => {
  it('draws over what it drew, line wraps counted, and only what changed', () => {
    const { stream, text } = screen(true, 24, 10);
    const view = new LiveView(stream);
    view.draw('short\n0123456789abc\n');
    view.draw('short\n0123456789abc\n');
    view.draw('next\n');
    expect(text()).toBe('\u001B[0Jshort\n0123456789abc\n\u001B[3A\r\u001B[0Jnext\n');
  });

  it('leaves out what does not fit the screen, and says how much', () => {
    const { stream, text } = screen(true, 4);
    new LiveView(stream).draw('1\n2\n3\n4\n5\n');
    expect(text()).toBe('\u001B[0J1\n2\n… 3 more lines\n');
  });

  it('writes every change where there is no terminal', () => {
    const { stream, text } = screen(false);
    const view = new LiveView(stream);
    for (const each of ['a\n', 'a\n', 'b\n']) view.draw(each);
    expect(text()).toBe('a\nb\n');
  });
});

describe('Progress', () => {
  it('is a bar on a terminal', () => {
    const { stream, text } = screen(true);
    const progress = new Progress(stream, 'rotation');
    progress.update({ share: 0.5, text: 'activate' });
    progress.stop();
    expect(text()).toMatch(/rotation \[█{12}░{12}\] 50% .* {2}activate/);
  });

  it('is a line per step elsewhere', () => {
    const { stream, text } = screen(false);
    const progress = new Progress(stream, 'rotation');
    for (const share of [0.1, 0.2]) progress.update({ share, text: 'activate' });
    progress.update({ share: 2, text: 'verify' });
    progress.stop();
    expect(text()).toBe('rotation: activate\nrotation: verify\n');
  });
});

describe('Confirmation', () => {
  const question = { text: 'This drops dc2', word: 'dc2', isAnswered: false };
  const ask = async (typed: string, isTTY: boolean): Promise<string> => {
    const input = Object.assign(new PassThrough(), { isTTY });
    const asked = new Confirmation({ input, errors: screen(isTTY).stream }).require(question);
    input.end(typed);
    return asked.then(
      () => 'confirmed',
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    );
  };

  it('takes the word, and nothing else', async () => {
    expect(await ask('dc2\n', true)).toBe('confirmed');
    expect(await ask('yes\n', true)).toBe('ABORTED: not confirmed; nothing was changed');
    expect(await ask('', true)).toBe('ABORTED: not confirmed; nothing was changed');
  });

  it('asks nobody without a terminal: --yes, or nothing', async () => {
    expect(await ask('dc2\n', false)).toMatch(/^CONFIG_INVALID: This drops dc2\. .* add --yes$/);
    const input = new PassThrough();
    const confirmation = new Confirmation({ input, errors: screen(false).stream });
    await expect(confirmation.require({ ...question, isAnswered: true })).resolves.toBeUndefined();
  });
});
