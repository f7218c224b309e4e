import { describe, expect, it } from '@jest/globals';
import type { WireIntention } from '../../wire/intention-shapes.js';
import { entriesOf, readDrafts } from './entries.js';
import { planImport } from './import-plan.js';

const intention = (
  SourceName: string,
  DestinationName: string,
  rest: Partial<WireIntention> = { Action: 'allow' },
): WireIntention => ({ SourceName, DestinationName, Precedence: 9, ...rest });

const PERMISSIONS = [{ Action: 'allow', HTTP: { PathPrefix: '/' } }];
const PRESENT = [
  intention('web', 'db', { Action: 'deny', Description: 'no' }),
  intention('*', 'api', { Action: 'deny' }),
  intention('web', 'api'),
  intention('cart', 'api', { Permissions: PERMISSIONS }),
];

const steps = (wanted: unknown, isPruning = false): readonly string[] =>
  planImport(readDrafts(wanted), PRESENT, isPruning).map(
    ({ Do, Source, Destination }) => `${Do} ${Source} ${Destination}`,
  );

describe('the file of intentions', () => {
  it('is by destination and source, whatever order they come in', () => {
    const text = JSON.stringify(entriesOf(PRESENT));
    expect(JSON.stringify(entriesOf(PRESENT.toReversed()))).toBe(text);
    expect(entriesOf(PRESENT)).toEqual([
      {
        Kind: 'service-intentions',
        Name: 'api',
        Sources: [
          { Name: '*', Action: 'deny' },
          { Name: 'cart', Permissions: PERMISSIONS },
          { Name: 'web', Action: 'allow' },
        ],
      },
      { Kind: 'service-intentions', Name: 'db', Sources: [{ Name: 'web', Action: 'deny', Description: 'no' }] },
    ]);
  });

  it('is read back, in each of its forms, and then nothing changes', () => {
    expect(steps(entriesOf(PRESENT), true)).toEqual([]);
    expect(steps(PRESENT, true)).toEqual([]);
    expect(steps(entriesOf(PRESENT)[1])).toEqual([]);
  });

  it.each([
    [
      'another namespace',
      { Kind: 'service-intentions', Name: 'a', Sources: [{ Name: 'b', Namespace: 'x', Action: 'allow' }] },
    ],
    ['a peer', { Kind: 'service-intentions', Name: 'a', Sources: [{ Name: 'b', Peer: 'x', Action: 'allow' }] }],
    [
      'a JWT',
      { Kind: 'service-intentions', Name: 'a', JWT: { Providers: [] }, Sources: [{ Name: 'b', Action: 'allow' }] },
    ],
    ['both an action and permissions', [intention('a', 'b', { Action: 'allow', Permissions: PERMISSIONS })]],
    ['neither', [intention('a', 'b', {})]],
    ['a pair twice', [intention('a', 'b'), intention('a', 'b')]],
    ['another action', [{ ...intention('a', 'b'), Action: 'alow' }]],
    ['another kind', { Kind: 'service-resolver', Name: 'a' }],
    ['a text', 'nonsense'],
  ])('is refused with %s', (_what, given) => {
    expect(() => readDrafts(given)).toThrow(
      expect.objectContaining({ name: 'BanyanError', code: 'CONFIG_INVALID' }) as never,
    );
  });
});

describe('planImport', () => {
  it('writes what differs, what denies first, and leaves alone what is not named', () => {
    const wanted = [
      intention('shop', 'api'),
      intention('web', 'api', { Action: 'deny' }),
      intention('web', 'db', { Action: 'deny', Description: 'no' }),
    ];
    expect(steps(wanted)).toEqual(['change web api', 'create shop api']);
  });

  it('deletes what is not named when it is asked to: what allows before what denies', () => {
    expect(steps([intention('shop', 'api')], true)).toEqual([
      'create shop api',
      'delete web api',
      'delete web db',
      'delete * api',
      'delete cart api',
    ]);
  });
});
