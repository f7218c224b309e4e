import { createInterface } from 'node:readline/promises';
import { BanyanError } from '@banyan/kernel';
import type { Surroundings } from '../session/surroundings.js';

/** A question before something that cannot be undone by a keystroke. */
export interface Question {
  /** What will happen, in one sentence. */
  readonly text: string;
  /** The word that has to be typed: a name of what is touched, so that it is read. */
  readonly word: string;
  /** `--yes` was given. */
  readonly isAnswered: boolean;
}

/** Asks for a typed word on a terminal. Where there is none, only `--yes` goes on. */
export class Confirmation {
  constructor(private readonly at: Pick<Surroundings, 'input' | 'errors'>) {}

  /** Returns when it was confirmed. Throws `CONFIG_INVALID` without a terminal, `ABORTED` for another word. */
  async require(question: Question): Promise<void> {
    if (question.isAnswered) return;
    const { input, errors } = this.at;
    if (input.isTTY !== true || errors.isTTY !== true) {
      throw new BanyanError('CONFIG_INVALID', `${question.text}. This is no terminal to confirm it on: add --yes`);
    }
    const reader = createInterface({ input, output: errors });
    const asked = reader.question(`${question.text}.\nType ${question.word} to go on: `);
    const closed = new Promise<string>((resolve) => {
      reader.once('close', () => resolve(''));
      reader.once('SIGINT', () => reader.close());
    });
    const typed = await Promise.race([asked, closed]);
    reader.close();
    if (typed.trim() !== question.word) throw new BanyanError('ABORTED', 'not confirmed; nothing was changed');
  }
}
