import { MINUTE, SystemClock } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { leafDue, parseBundle } from '../src/index.js';

describe('leafDue', () => {
  const now = new SystemClock().now();
  const at = (minutes: number) => (now + minutes * MINUTE) as typeof now;
  const situation = { renewAt: at(60), rootId: 'a', now };
  const changed = { ...situation, activeRootId: 'b' };
  it.each([
    ['its moment has come', { ...situation, now: at(60) }, { kind: 'renew', reason: 'renewal' }],
    ['the roots are unknown', situation, { kind: 'wait', until: at(60) }],
    ['nothing changed', { ...situation, activeRootId: 'a' }, { kind: 'wait', until: at(60) }],
    ['another root signs', changed, { kind: 'draw-slot' }],
    ['its place is to come', { ...changed, rootChangeAt: at(5) }, { kind: 'wait', until: at(5) }],
    ['its place is after its moment', { ...changed, rootChangeAt: at(90) }, { kind: 'wait', until: at(60) }],
    ['its place has come', { ...changed, rootChangeAt: now }, { kind: 'renew', reason: 'rotation' }],
    [
      'its root is compromised',
      { ...changed, rootTainted: true, rootChangeAt: at(5) },
      { kind: 'renew', reason: 'taint' },
    ],
    ['nobody else signs yet', { ...situation, activeRootId: 'a', rootTainted: true }, { kind: 'wait', until: at(60) }],
    ['its key leaves', { ...situation, activeRootId: 'a', keyLeaving: true }, { kind: 'draw-slot' }],
    [
      'its key leaves and its place has come',
      { ...situation, activeRootId: 'a', keyLeaving: true, rootChangeAt: now },
      { kind: 'renew', reason: 'rotation' },
    ],
    ['its root is gone', { ...changed, rootGone: true, rootChangeAt: at(5) }, { kind: 'renew', reason: 'taint' }],
  ] as const)('when %s', (_, of, due) => {
    expect(leafDue(of)).toEqual(due);
  });
});

describe('parseBundle', () => {
  it.each(['no JSON', '{}', '{"ActiveRootID":"","TrustDomain":"","Roots":[]}'])('refuses %s', (body) => {
    expect(() => parseBundle(body)).toThrow(expect.objectContaining({ name: 'BanyanError', code: 'REQUEST_INVALID' }));
  });
});
