import { EXIT, type ExitCode } from '../../session/exit-codes.js';

/** How much it matters. `skipped`: could not be looked at, with the reason as text. */
export type Grade = 'ok' | 'warning' | 'failure' | 'skipped';

/** What one look found. */
export interface Finding {
  /** What was looked at: `trust`, `clock`, …. */
  readonly area: string;
  readonly grade: Grade;
  /** What is so, in one line. */
  readonly text: string;
  /** What to do about it; absent where nothing is to be done. */
  readonly next?: string;
}

/** 9 with a failure, 8 with a warning, else 0. */
export const exitCodeOfFindings = (findings: readonly Finding[]): ExitCode => {
  if (findings.some(({ grade }) => grade === 'failure')) return EXIT.failures;
  return findings.some(({ grade }) => grade === 'warning') ? EXIT.warnings : EXIT.ok;
};

/** A finding without a remedy. */
export const fine = (area: string, text: string): Finding => ({ area, grade: 'ok', text });

/** A finding as -o json and yaml write it, in the style of the API. */
export const wireFinding = ({ area, grade, text, next }: Finding): object => ({
  Area: area,
  Grade: grade,
  Text: text,
  ...(next !== undefined && { Next: next }),
});
