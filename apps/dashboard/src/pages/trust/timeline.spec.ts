import { describe, expect, it } from '@jest/globals';
import type { Authorities } from '../../api/authorities.js';
import type { Rotation } from '../../api/rotations.js';
import { timelineOf } from './timeline.js';

const life = { NotBefore: '2026-01-01T00:00:00Z', NotAfter: '2026-01-31T00:00:00Z' };
const authorities = {
  Roots: [{ ...life, ID: 'one', State: 'active' }],
  Datacenters: [
    { Datacenter: 'dc1', Intermediate: life },
    { Datacenter: 'dc2', Intermediate: null },
  ],
} as unknown as Authorities;
const rotations = [
  { ID: 'b', CreatedAt: '2026-01-04T00:00:00Z', Phase: 'verify', Reason: 'planned', Scope: 'root' },
  {
    ID: 'a',
    CreatedAt: '2026-01-02T00:00:00Z',
    FinishedAt: '2026-01-03T00:00:00Z',
    Phase: 'completed',
    Reason: 'planned',
    Scope: { Datacenter: 'dc2' },
  },
] as unknown as Rotation[];

describe('timelineOf', () => {
  it('puts what happened, happens and is to come in order', () => {
    const entries = timelineOf(authorities, rotations, Date.parse('2026-01-05T00:00:00Z'));
    expect(entries.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
      'past: Root one begins',
      'past: Change of the key of dc2 (planned) completed',
      'running: Change of the root (planned), in verify',
      'coming: dc1 renews its intermediate, about',
      'coming: Renewal of root one is due, at the latest',
      'coming: Root one ends',
      'coming: The intermediate of dc1 would end',
    ]);
  });

  it('calls nothing coming that would have been due', () => {
    const entries = timelineOf(authorities, [], Date.parse('2026-01-29T00:00:00Z'));
    expect(entries.filter(({ kind }) => kind === 'coming').map(({ text }) => text)).toEqual([
      'Root one ends',
      'The intermediate of dc1 would end',
    ]);
  });
});
