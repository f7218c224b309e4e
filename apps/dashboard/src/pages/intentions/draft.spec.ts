import { describe, expect, it } from '@jest/globals';
import type { Intention, Permission } from '../../api/intentions.js';
import { bodyOf, draftOf, EMPTY_PERMISSION, faultOf, permissionText } from './draft.js';

const PERMISSIONS: readonly Permission[] = [
  {
    Action: 'allow',
    HTTP: {
      PathPrefix: '/v1/',
      Header: [
        { Name: 'X-Team', Exact: 'a', Invert: true, IgnoreCase: true },
        { Name: 'X-Any', Present: true },
      ],
      Methods: ['GET', 'POST'],
    },
    JWT: { Providers: [{ Name: 'okta' }] },
  },
  { Action: 'deny', HTTP: { PathRegex: '.*' } },
];

const present: Intention = {
  SourceName: 'web',
  DestinationName: 'api',
  Permissions: PERMISSIONS,
  Precedence: 9,
  CreateIndex: 1,
  ModifyIndex: 2,
};

describe('an intention in the editor', () => {
  it('goes back as it came, with what the editor has no field for', () => {
    expect(bodyOf(draftOf('web', 'api', present))).toEqual({ SourceType: 'consul', Permissions: PERMISSIONS });
  });

  it('has an action or permissions, never both', () => {
    const draft = draftOf('web', 'api', present);
    expect(bodyOf({ ...draft, effect: 'deny', description: ' no ' })).toEqual({
      SourceType: 'consul',
      Action: 'deny',
      Description: 'no',
    });
  });

  it('says what the server would refuse', () => {
    const draft = draftOf('web', 'api', present);
    expect(faultOf(draft)).toBeUndefined();
    expect(faultOf({ ...draft, source: ' ' })).toMatch(/source/);
    expect(faultOf({ ...draft, destination: '*' })).toMatch(/one destination/);
    expect(faultOf({ ...draft, permissions: [] })).toMatch(/Add a permission/);
    const one = (changes: object) => faultOf({ ...draft, permissions: [{ ...EMPTY_PERMISSION, ...changes }] });
    expect(one({})).toBeUndefined();
    expect(one({ path: 'v1' })).toMatch(/begins with/);
    expect(one({ pathForm: 'any' })).toMatch(/nothing in particular/);
    expect(one({ pathForm: 'any', methods: 'get' })).toBeUndefined();
  });

  it('reads a permission in words', () => {
    expect(PERMISSIONS.map(permissionText)).toEqual([
      'allow GET, POST of /v1/…, X-Team not exact a, X-Any present, with a token',
      'deny any method of /.*/',
    ]);
  });
});
