import type { Verb } from '../../api/rotations.js';

export interface VerbText {
  readonly button: string;
  /** The title of the question. */
  readonly question: string;
  /** What has to be typed. */
  readonly word: string;
  readonly isDangerous: boolean;
  /** The API wants a reason, for the journal. */
  readonly needsReason: boolean;
}

/** What a person can ask of a rotation, in the order of the buttons. */
export const VERBS: Readonly<Record<Verb, VerbText>> = {
  pause: {
    button: 'Pause',
    question: 'Pause the rotation?',
    word: 'pause',
    isDangerous: false,
    needsReason: false,
  },
  resume: {
    button: 'Resume',
    question: 'Resume the rotation?',
    word: 'resume',
    isDangerous: false,
    needsReason: false,
  },
  advance: {
    button: 'Advance',
    question: 'Step over the present gate?',
    word: 'advance',
    isDangerous: true,
    needsReason: false,
  },
  rollback: {
    button: 'Roll back',
    question: 'Roll back to the previous root?',
    word: 'roll back',
    isDangerous: true,
    needsReason: false,
  },
  waive: {
    button: 'Waive…',
    question: 'No longer wait for somebody?',
    word: 'waive',
    isDangerous: true,
    needsReason: true,
  },
  retire: {
    button: 'Retire now',
    question: 'Take the leaving root out of every bundle now?',
    word: 'retire',
    isDangerous: true,
    needsReason: true,
  },
};
