import { BanyanError } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import type { WireDatacenter, WireFederation, WireRoot } from '../../wire/federation-shapes.js';
import type { WireReplication } from '../../wire/replication-shapes.js';
import type { WireRotation } from '../../wire/rotation-shapes.js';
import { assessAgents, assessFederation, assessHeld, assessServers } from './assess-replication.js';
import { assessRoots, assessRotations, assessSigning } from './assess-trust.js';
import { exitCodeOfFindings, type Finding } from './finding.js';
import { findingsText, nextText } from './findings-view.js';

const NOW = Date.parse('2026-07-01T00:00:00Z');

const root = (more: Partial<WireRoot>): WireRoot => ({
  ID: 'aa',
  Name: 'root',
  SigningKeyID: 'bb',
  NotBefore: '2026-01-01T00:00:00Z',
  NotAfter: '2036-01-01T00:00:00Z',
  RootCert: '',
  IntermediateCerts: null,
  Active: true,
  PrivateKeyType: 'ec',
  PrivateKeyBits: 256,
  ...more,
});

const datacenter = (more: Partial<WireDatacenter>): WireDatacenter => ({
  Name: 'dc2',
  Role: 'secondary',
  State: 'READY',
  Reason: '',
  WANAddresses: [],
  Link: { State: 'up', LastContactMs: 100 },
  LagIndex: 0,
  LagSeconds: 0,
  Canary: { State: 'GREEN', RoundTripMs: 90, ObjectiveMs: 10_000 },
  ReportedAt: null,
  Servers: [{ ID: 's', Name: 'dc2-server-1', Version: '0.1.0', Alive: true, Leases: ['authority'] }],
  Agents: { Total: 1, Live: 1, Versions: {} },
  SigningRootID: 'aa',
  Intermediate: { SerialNumber: '01', NotAfter: '2027-01-01T00:00:00Z', LifeUsed: 0.3 },
  ...more,
});

const federation = (...Datacenters: WireDatacenter[]): WireFederation => ({
  Datacenter: 'dc1',
  PrimaryDatacenter: 'dc1',
  TrustDomain: 'td.consul',
  Datacenters,
});

const rotation = (more: Partial<WireRotation>): WireRotation => ({
  ID: '42d67004-0076',
  Scope: 'root',
  Reason: 'planned',
  Note: '',
  Phase: 'distribute',
  Health: 'running',
  Blockers: [],
  Possible: [],
  CrossSigned: true,
  Datacenters: [],
  Gates: {},
  Waivers: [],
  Journal: [],
  CreatedAt: '2026-07-01T00:00:00Z',
  ...more,
});

const grades = (findings: readonly Finding[]): readonly string[] => findings.map(({ grade }) => grade);

describe('what is made of answers', () => {
  it.each([
    ['a young root', {}, 'ok'],
    ['one past its own renewal', { NotAfter: '2026-08-15T00:00:00Z' }, 'warning'],
    ['one near its end', { NotAfter: '2026-07-05T00:00:00Z' }, 'failure'],
    ['one that has ended', { NotAfter: '2026-06-01T00:00:00Z' }, 'failure'],
    ['a compromised one', { Tainted: true }, 'failure'],
  ])('roots: %s', (_, more, grade) =>
    expect(grades(assessRoots({ ActiveRootID: 'aa', TrustDomain: '', Roots: [root(more)] }, NOW))).toEqual([grade]),
  );

  it('signing: another root than the active one is told, unless a rotation moves it', () => {
    const other = federation(datacenter({ SigningRootID: 'old' }));
    expect(grades(assessSigning(other, 'aa', []))).toEqual(['warning', 'ok']);
    expect(grades(assessSigning(other, 'aa', [rotation({})]))).toEqual(['ok']);
    const aged = datacenter({ Intermediate: { SerialNumber: '', NotAfter: '', LifeUsed: 0.7 } });
    expect(grades(assessSigning(federation(aged), 'aa', []))).toEqual(['warning']);
  });

  it.each([
    ['READY and green', {}, 'ok'],
    ['no contact', { State: 'WAITING_PRIMARY', Link: { State: 'down', LastContactMs: 90_000 } }, 'failure'],
    ['READY, but the link is down', { Link: { State: 'down', LastContactMs: 90_000 } }, 'failure'],
    ['READY, but the canary is late', { Canary: { State: 'LATE', RoundTripMs: null, ObjectiveMs: 1 } }, 'failure'],
    ['something is held', { State: 'DEGRADED' }, 'warning'],
    ['a state that came later than this command line', { State: 'SOMETHING_ELSE' }, 'failure'],
    [
      'a secondary asked about another',
      { State: 'UNKNOWN', Link: { State: 'unknown', LastContactMs: null } },
      'skipped',
    ],
  ])('federation: %s', (_, more, grade) => {
    const [finding] = assessFederation(federation(datacenter(more)));
    expect(finding?.grade).toBe(grade);
    expect(grade === 'ok' || finding?.next !== undefined).toBe(true);
  });

  it('servers: one that is dead, and nobody who leads', () => {
    const dead = { ID: 't', Name: 'dc2-server-2', Version: '0.1.0', Alive: false, Leases: [] };
    const two = datacenter({ Servers: [...datacenter({}).Servers, dead] });
    const [finding] = assessServers(federation(two), undefined);
    expect(finding?.grade).toBe('warning');
    expect(finding?.text).toContain('not dc2-server-2');
    expect(grades(assessServers(federation(datacenter({ Servers: [dead] })), undefined))).toEqual(['failure']);
  });

  it('agents: who is behind is named, and a datacenter that cannot be asked is no success', () => {
    const Laggards = [...Array(7).keys()].map((n) => ({
      Node: `host-${n}`,
      Reason: 'offline',
      Detail: '',
      Live: false,
    }));
    const findings = assessAgents(
      new Map([
        ['dc1', { value: { Datacenter: 'dc1', SigningRootID: '', Agents: { Total: 9, Live: 2 }, Laggards } }],
        ['dc2', { error: new BanyanError('DATACENTER_UNREACHABLE', 'dc2 does not answer') }],
      ]),
    );
    expect(grades(findings)).toEqual(['warning', 'skipped']);
    expect(findings[0]?.text).toContain('host-0 (offline), host-1 (offline)');
    expect(findings[0]?.text).toContain('and 2 more');
  });

  it('rotations: running, paused, blocked by name, failed', () => {
    expect(grades(assessRotations([]))).toEqual(['ok']);
    expect(grades(assessRotations([rotation({})]))).toEqual(['ok']);
    expect(grades(assessRotations([rotation({ Health: 'paused' })]))).toEqual(['warning']);
    const Blockers = [{ Datacenter: 'dc2', Node: 'n1', Reason: 'offline', Detail: 'since noon' }];
    const Gates = { distribute: { Met: false, BlockerCount: 3 } };
    const [blocked] = assessRotations([rotation({ Health: 'blocked', Blockers, Gates })]);
    expect(blocked?.text).toBe('42d67004 is blocked in distribute by dc2/n1: offline, since noon (and 2 others)');
    expect(grades(assessRotations([rotation({ Phase: 'failed' })]))).toEqual(['warning']);
    expect(grades(assessRotations([rotation({ Phase: 'rolled-back' })]))).toEqual(['ok']);
  });

  it('replication: what waits for a person is told with the command for it, also of secondaries', () => {
    const own = {
      Datacenter: 'dc1',
      Role: 'primary',
      State: 'READY',
      Reason: '',
      Streams: [],
      Alarms: [],
      Canary: { State: 'GREEN', RoundTripMs: 1, ObjectiveMs: 1 },
      Held: [],
      Quarantine: [],
    };
    const held = {
      Stream: 'intentions',
      Code: '',
      Reason: 'too many',
      Hash: 'h',
      Since: null,
      Records: 9,
      Deletions: 8,
    };
    const Replication = { ...own, Datacenter: 'dc2', Held: [{ ...held, WouldDelete: [] }] };
    const Secondaries = [{ Datacenter: 'dc2', ReportedAt: null, AgeMs: 1, Canary: own.Canary, Replication }];
    const replication: WireReplication = { ...own, Secondaries };
    expect(assessHeld(replication)).toEqual([
      expect.objectContaining({ next: expect.stringContaining('confirm intentions --datacenter dc2 --dry-run') }),
    ]);
  });
});

describe('findings', () => {
  const ok: Finding = { area: 'trust', grade: 'ok', text: 'fine' };
  const warning: Finding = { area: 'trust', grade: 'warning', text: 'odd', next: 'look' };
  const failure: Finding = { area: 'link', grade: 'failure', text: 'bad\u001B', next: 'mend' };

  it('the worst decides the exit code, and what to do next', () => {
    expect([
      exitCodeOfFindings([ok]),
      exitCodeOfFindings([ok, warning]),
      exitCodeOfFindings([failure, warning]),
    ]).toEqual([0, 8, 9]);
    expect([nextText([ok]), nextText([ok, warning]), nextText([warning, failure, failure])]).toEqual([
      'nothing',
      'look',
      'mend',
    ]);
  });

  it('say their grade in words, once per area, and cannot act on the terminal', () => {
    expect(findingsText([ok, warning, failure], (_, text) => text)).toBe(
      [
        'trust  ✓ ok      fine\n',
        '       ! warning odd\n',
        '                 → look\n',
        'link   ✗ FAILURE bad\\u001b\n',
        '                 → mend\n',
      ].join(''),
    );
  });
});
