import { describe, expect, it } from '@jest/globals';
import { changesOf } from './changes.js';

describe('what changed', () => {
  it('is told member by member', () => {
    const before = { Action: 'allow', Meta: { team: 'a', tier: '1' }, Sources: ['web'], Same: 1 };
    const after = { Action: 'deny', Meta: { team: 'b' }, Sources: ['web', 'cron'], Same: 1, Description: 'x' };
    expect(changesOf(before, after)).toEqual([
      { path: 'Action', before: 'allow', after: 'deny' },
      { path: 'Meta.team', before: 'a', after: 'b' },
      { path: 'Meta.tier', before: '1', after: undefined },
      { path: 'Sources', before: '["web"]', after: '["web","cron"]' },
      { path: 'Description', before: undefined, after: 'x' },
    ]);
  });

  it('of something made or deleted is all of it', () => {
    expect(changesOf(null, { A: 1 })).toEqual([{ path: 'A', before: undefined, after: '1' }]);
    expect(changesOf({ A: 1 }, null)).toEqual([{ path: 'A', before: '1', after: undefined }]);
    expect([changesOf(null, null), changesOf({ A: {} }, { A: {} })]).toEqual([[], []]);
  });
});
