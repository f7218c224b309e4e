import { toWireIntention, type Verdict } from '@banyan/intentions';

/** What decided, for `GET /v1/connect/intentions/check?why`. `Intention` is null where the default decided. */
export const toWireWhy = ({ code, reason, matched }: Verdict, defaultAction: 'allow' | 'deny'): object => ({
  Code: code,
  Reason: reason,
  DefaultAction: defaultAction,
  Precedence: matched?.precedence ?? null,
  Intention: matched === undefined ? null : toWireIntention(matched),
});
