import { describe, expect, it } from '@jest/globals';
import type { Intention } from '../../api/intentions.js';
import { effectOf, IntentionIndex } from './decide.js';

const intention = (SourceName: string, DestinationName: string, Action: 'allow' | 'deny' = 'allow'): Intention => ({
  SourceName,
  DestinationName,
  Action,
  Precedence: 9,
  CreateIndex: 1,
  ModifyIndex: 1,
});

describe('which intention decides', () => {
  const exact = intention('web', 'api');
  const anySource = intention('*', 'api', 'deny');
  const anyDestination = intention('web', '*');
  const any = intention('*', '*', 'deny');

  it('is the first that is there: exact, any source, any destination, any of both', () => {
    expect(new IntentionIndex([any, anyDestination, anySource, exact]).deciding('web', 'api')).toBe(exact);
    expect(new IntentionIndex([any, anyDestination, anySource]).deciding('web', 'api')).toBe(anySource);
    expect(new IntentionIndex([any, anyDestination]).deciding('web', 'api')).toBe(anyDestination);
    expect(new IntentionIndex([any]).deciding('web', 'api')).toBe(any);
    expect(new IntentionIndex([exact]).deciding('api', 'web')).toBeUndefined();
  });

  it('is shown among all forms of the pair, each form once', () => {
    const index = new IntentionIndex([any, anySource]);
    expect(index.candidates('web', 'api').map((each) => [each.source, each.destination, each.isDecisive])).toEqual([
      ['web', 'api', false],
      ['*', 'api', true],
      ['web', '*', false],
      ['*', '*', false],
    ]);
    expect(index.candidates('*', 'api').map(({ source, destination }) => `${source} ${destination}`)).toEqual([
      '* api',
      '* *',
    ]);
  });

  it('denies a connection when it has permissions', () => {
    const { Action: _, ...rest } = exact;
    expect(effectOf({ ...rest, Permissions: [{ Action: 'allow', HTTP: { PathPrefix: '/' } }] })).toBe('by request');
    expect([effectOf(exact), effectOf(anySource)]).toEqual(['allow', 'deny']);
  });
});
