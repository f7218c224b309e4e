import { type Intention, type IntentionAction } from './intention.js';

/** What decided: an intention without permissions, one with permissions (a deny at L4), or the default policy. */
export type VerdictCode = 'L4_INTENTION' | 'L7_INTENTION' | 'DEFAULT_POLICY';

/** The answer to "may source call destination", with why. Texts of `reason` follow contract §2.3. */
export interface Verdict {
  readonly allowed: boolean;
  readonly reason: string;
  readonly code: VerdictCode;
  /** The intention that decided; absent when none matched. */
  readonly matched?: Intention;
}

/** What an intention decides when it is the first match. Any L7 permission makes it a deny for an L4 caller. */
export const verdictOf = (intention: Intention): Verdict => {
  const permitted = intention.permissions !== undefined && intention.permissions.length > 0;
  const action = permitted ? 'L7 permissions' : intention.action;
  const described = `default/${intention.sourceName} => default/${intention.destinationName} (precedence ${intention.precedence}, ${action})`;
  return Object.freeze({
    allowed: !permitted && intention.action === 'allow',
    reason: `Matched ${permitted ? 'L7' : 'L4'} intention: ${described}`,
    code: permitted ? 'L7_INTENTION' : 'L4_INTENTION',
    matched: intention,
  });
};

const DEFAULTS: Readonly<Record<IntentionAction, Verdict>> = {
  allow: Object.freeze({ allowed: true, reason: 'Default intention policy', code: 'DEFAULT_POLICY' }),
  deny: Object.freeze({ allowed: false, reason: 'Default intention policy', code: 'DEFAULT_POLICY' }),
};

/** What holds when no intention matches. */
export const defaultVerdict = (defaultAction: IntentionAction): Verdict => DEFAULTS[defaultAction];
