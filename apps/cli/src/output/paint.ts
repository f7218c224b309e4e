import pc from 'picocolors';
import type { Environment } from '../connection.js';
import type { TextStream } from '../session/surroundings.js';

/** How a text is meant. The words themselves must say it too: colours may be off, or not told apart. */
export type Tone = 'good' | 'warning' | 'bad' | 'quiet' | 'strong' | 'plain';

/** Colours a text by its tone, or leaves it. */
export type Paint = (tone: Tone, text: string) => string;

/** Colours are on for a terminal, unless --no-color, NO_COLOR (https://no-color.org) or TERM=dumb say otherwise. */
export const createPaint = (wish: {
  readonly stream: TextStream;
  readonly env: Environment;
  readonly isWanted: boolean;
}): Paint => {
  const isOn = wish.isWanted && wish.stream.isTTY === true && !wish.env['NO_COLOR'] && wish.env['TERM'] !== 'dumb';
  const colors = pc.createColors(isOn);
  const tones: Readonly<Record<Tone, (text: string) => string>> = {
    good: colors.green,
    warning: colors.yellow,
    bad: (text) => colors.bold(colors.red(text)),
    quiet: colors.dim,
    strong: colors.bold,
    plain: (text) => text,
  };
  return (tone, text) => tones[tone](text);
};
