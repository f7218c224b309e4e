import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, MINUTE } from '@banyan/kernel';
import { forgeChain } from '@banyan/testkit';
import { type Api, startApi } from './api-fixture.js';

const ROTATIONS = '/v1/connect/ca/rotations';
const TAINT = '/v1/connect/ca/taint';
const FORGED = forgeChain({
  trustDomain: '11111111-2222-4333-8444-555555555555.consul',
  now: epochMs(Date.UTC(2030, 0, 1)),
});
const LEAF_PEM = FORGED.leaf.certificate.pem;
const NOBODY = '00000000-0000-4000-8000-00000000dead';

interface WireRotation {
  readonly ID: string;
  readonly Phase: string;
  readonly Health: string;
  readonly Reason: string;
  readonly Policy: Record<string, string>;
  readonly Waivers: readonly unknown[];
  readonly ModifyIndex: number;
}

describe('rotations over HTTP', () => {
  let api: Api;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  const post = async (path: string, body?: unknown) => {
    const answer = await api.ask('POST', path, 'manager', body);
    return { ...answer, json: answer.status === 200 ? (JSON.parse(answer.body) as Record<string, unknown>) : {} };
  };
  const put = (id: string, verb: string, body?: unknown) =>
    api.ask('PUT', `${ROTATIONS}/${id}/${verb}`, 'manager', body);
  const started = async (): Promise<WireRotation> => {
    const { json } = await post(ROTATIONS, { DryRun: true });
    return (await post(ROTATIONS, { PlanHash: json['PlanHash'] })).json as unknown as WireRotation;
  };

  it('are of one datacenter where a scope or a taint says so; what has no meaning there is refused by its name', async () => {
    const scoped = { Scope: { Datacenter: 'dc2' }, Reason: 'yearly' };
    await post(ROTATIONS, { ...scoped, DryRun: true });
    expect(api.rotations.asked.at(-1)).toMatchObject({ what: 'plan', request: { datacenter: 'dc2', note: 'yearly' } });
    await post('/v1/connect/ca/taint', { Datacenter: 'dc2', Reason: 'copied', Deadline: '30s', DryRun: true });
    expect(api.rotations.asked.at(-1)).toMatchObject({
      what: 'plan',
      request: { datacenter: 'dc2', compromised: true, note: 'copied', policy: { deadlineMs: 30_000 } },
    });
    const refused = async (path: string, body: object, field: string) => {
      const { status, body: text } = await post(path, body);
      expect([status, text]).toEqual([400, expect.stringContaining(field)]);
    };
    await refused(ROTATIONS, { ...scoped, Provider: 'vault' }, 'Provider');
    await refused(ROTATIONS, { ...scoped, RetireGrace: '1s' }, 'RetireGrace');
    await refused(ROTATIONS, { ...scoped, Deadline: '1s' }, 'Deadline');
    await refused(ROTATIONS, { Scope: { Datacenter: 'dc2' }, Compromised: true }, 'Reason');
    await refused(ROTATIONS, { Compromised: true }, 'Compromised');
    await refused('/v1/connect/ca/taint', { RootID: 'R1', Datacenter: 'dc2', Reason: 'x' }, 'RootID');
    await refused('/v1/connect/ca/taint', { Reason: 'x' }, 'RootID');
  });

  it('answer a dry run with the plan and its hash, and start by that hash', async () => {
    const body = {
      Provider: 'vault',
      Config: { Token: 's' },
      DistributeWait: '90s',
      RetireGrace: '0s',
      Reason: 'yearly',
    };
    const dry = await post(ROTATIONS, { ...body, DryRun: true });
    expect(dry.json).toMatchObject({
      Plan: {
        Kind: 'rotate',
        Totals: { Signatures: 6 },
        Blockers: [{ Datacenter: 'dc1', Node: 'n2', Reason: 'offline' }],
      },
      PlanHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect((await api.ask('GET', ROTATIONS, 'manager')).body).toBe('[]');
    const start = await post(ROTATIONS, { ...body, PlanHash: dry.json['PlanHash'] });
    expect(start.json).toMatchObject({
      Phase: 'prepare',
      Health: 'running',
      Note: 'yearly',
      Policy: { DistributeWait: '1m30s', VerifyWindow: '5m0s', RetireGrace: '0s' },
      PlanHash: dry.json['PlanHash'],
      StartedAt: { prepare: '2031-01-01T00:00:00.000Z' },
    });
    expect(api.rotations.asked.at(-1)).toMatchObject({
      what: 'start',
      request: {
        provider: 'vault',
        options: { Token: 's' },
        crossSign: true,
        note: 'yearly',
        policy: { distributeWaitMs: 90_000, retireGraceMs: 0 },
      },
    });
  });

  it('refuse to start without the hash, also by an empty body, which asks for the next root as it is configured', async () => {
    const refused = await post(ROTATIONS);
    expect([refused.status, refused.headers['x-banyan-error']]).toEqual([409, 'ROTATION_PLAN_STALE']);
    expect(api.rotations.asked.at(-1)!.request).toEqual({
      crossSign: true,
      note: '',
      policy: {
        distributeWaitMs: 15 * MINUTE,
        verifyWindowMs: 5 * MINUTE,
        retireGraceMs: 60 * MINUTE,
        deadlineMs: 10 * MINUTE,
      },
    });
    await post(ROTATIONS, { ForceWithoutCrossSigning: true, DryRun: true });
    expect(api.rotations.asked.at(-1)!.request).toMatchObject({ crossSign: false });
  });

  it('are listed newest first, and shown by ID, waiting for a change', async () => {
    const first = await started();
    const second = await started();
    const list = JSON.parse((await api.ask('GET', ROTATIONS, 'reader')).body) as WireRotation[];
    expect(list.map(({ ID }) => ID)).toEqual([second.ID, first.ID]);
    const one = await api.ask('GET', `${ROTATIONS}/${first.ID}`, 'reader');
    const index = Number(one.headers['x-consul-index']);
    const waiting = api.ask('GET', `${ROTATIONS}/${first.ID}?index=${index}&wait=20s`, 'reader');
    await put(first.ID, 'pause');
    expect(JSON.parse((await waiting).body)).toMatchObject({
      ID: first.ID,
      Health: 'paused',
      Possible: ['resume', 'rollback', 'waive'],
    });
    const missing = await api.ask('GET', `${ROTATIONS}/${NOBODY}`, 'reader');
    expect([missing.status, missing.headers['x-banyan-error']]).toEqual([404, 'ROTATION_NOT_FOUND']);
  });

  it('take every verb, and answer the rotation as it is then', async () => {
    const { ID } = await started();
    const steps: readonly (readonly [string, unknown, object])[] = [
      ['pause', undefined, { Health: 'paused' }],
      ['resume', { Reason: 'on we go' }, { Health: 'running' }],
      [
        'waive',
        { Datacenter: 'dc2', Node: 'n1', Reason: 'scrapped' },
        { Waivers: [{ Datacenter: 'dc2', Node: 'n1', Reason: 'scrapped' }] },
      ],
      ['rollback', {}, { Phase: 'rolled-back', Health: 'finished' }],
    ];
    for (const [verb, body, shown] of steps) {
      const answer = await put(ID, verb, body);
      expect([verb, answer.status]).toEqual([verb, 200]);
      expect(JSON.parse(answer.body)).toMatchObject({ ID, ...shown });
    }
    for (const verb of ['advance', 'retire']) {
      const answer = await put(ID, verb, { Reason: 'now' });
      expect([answer.status, answer.headers['x-banyan-error']]).toEqual([409, 'ROTATION_STEP_ILLEGAL']);
    }
    expect((await put(NOBODY, 'pause')).status).toBe(404);
  });

  it('show what a step would do and who would break, and take it by that hash', async () => {
    const { ID } = await started();
    const target = { Datacenter: 'dc2', Node: 'n1' };
    for (const [verb, body] of [
      ['pause', {}],
      ['resume', {}],
      ['rollback', {}],
      ['waive', target],
      ['advance', {}],
      ['retire', {}],
    ] as const) {
      const dry = await put(ID, verb, { ...body, DryRun: true });
      expect([verb, dry.status, JSON.parse(dry.body)]).toEqual([
        verb,
        200,
        {
          Effect: [`${verb} in phase prepare`],
          Breaks: [{ Datacenter: 'dc2', Node: 'n1', Reason: 'offline', Detail: 'since yesterday' }],
          BreakCount: 1,
          PlanHash: `${verb}-hash`,
        },
      ]);
    }
    expect(api.rotations.find(ID)!.rotation).toMatchObject({ health: 'running', waivers: [] });
    const stale = await put(ID, 'pause', { PlanHash: 'waive-hash' });
    expect([stale.status, stale.headers['x-banyan-error']]).toEqual([409, 'ROTATION_PLAN_STALE']);
    const taken = await put(ID, 'waive', { ...target, Reason: 'scrapped', PlanHash: 'waive-hash' });
    expect(JSON.parse(taken.body)).toMatchObject({ Waivers: [{ ...target, Reason: 'scrapped' }] });
    expect((await api.ask('PUT', `${ROTATIONS}/${ID}/retire`, 'reader', { DryRun: true })).status).toBe(403);
  });

  it('take a root out as compromised, by what a dry run says will break', async () => {
    const body = { RootID: 'R1', Reason: 'stolen', Deadline: '2m' };
    const dry = await post(TAINT, { ...body, DryRun: true });
    expect(dry.json).toMatchObject({
      Plan: { Kind: 'taint', LeavingRootID: 'R1', CrossSign: false, Policy: { Deadline: '2m0s' } },
    });
    const taint = await post(TAINT, { ...body, PlanHash: dry.json['PlanHash'] });
    expect(taint.json).toMatchObject({ Reason: 'compromise', Note: 'stolen' });
    expect((await post(TAINT, body)).headers['x-banyan-error']).toBe('ROTATION_PLAN_STALE');
  });

  it('of a root that has left are asked for by its certificate', async () => {
    const { pem, fingerprintSha1 } = FORGED.root.certificate;
    const body = { RootPEM: pem, Reason: 'an old backup was stolen' };
    const dry = await post(TAINT, { ...body, DryRun: true });
    expect(dry.json).toMatchObject({ Plan: { Kind: 'taint', LeavingRootID: fingerprintSha1 } });
    await post(TAINT, { ...body, PlanHash: dry.json['PlanHash'] });
    expect(api.rotations.asked.at(-1)).toMatchObject({
      what: 'taint',
      request: { rootId: fingerprintSha1, rootPem: pem, note: 'an old backup was stolen' },
    });
  });

  it('refuse what does not follow the schema, by its name', async () => {
    const refusals: readonly (readonly [string, string, unknown, string])[] = [
      ['POST', ROTATIONS, { Foo: 1 }, 'unknown field "Foo"'],
      ['POST', ROTATIONS, { DistributeWait: 'soon' }, 'invalid duration "soon"'],
      ['POST', ROTATIONS, { VerifyWindow: '-1s' }, 'a wait is from 0s'],
      ['POST', ROTATIONS, { RetireGrace: '9999h' }, 'a wait is from 0s'],
      ['POST', TAINT, { RootID: 'R1' }, 'field "Reason"'],
      ['POST', TAINT, { RootID: 'R1', RootPEM: FORGED.root.certificate.pem, Reason: 'x' }, 'give one of "RootID"'],
      ['POST', TAINT, { RootPEM: LEAF_PEM, Reason: 'x' }, 'field "RootPEM": it is not the certificate of a root'],
      ['POST', TAINT, { RootPEM: 'nonsense', Reason: 'x' }, 'PEM'],
      ['POST', TAINT, '', 'EOF'],
      ['PUT', `${ROTATIONS}/x/waive`, { Datacenter: 'dc1' }, 'field "Reason"'],
      ['PUT', `${ROTATIONS}/x/waive`, { Datacenter: 'dc1', Reason: '' }, 'field "Reason"'],
      ['PUT', `${ROTATIONS}/x/retire`, {}, 'field "Reason"'],
      ['PUT', `${ROTATIONS}/x/retire`, '', 'EOF'],
      ['PUT', `${ROTATIONS}/x/pause`, { Why: 'x' }, 'unknown field "Why"'],
    ];
    for (const [method, path, body, text] of refusals) {
      const answer = await api.ask(method, path, 'manager', body);
      expect([path, answer.status, answer.body.includes(text) ? text : answer.body]).toEqual([path, 400, text]);
    }
  });

  it('are read by operators and changed by those who may write', async () => {
    const { ID } = await started();
    expect((await api.ask('GET', ROTATIONS, 'web')).body).toContain(`lacks permission 'operator:read'`);
    expect((await api.ask('GET', `${ROTATIONS}/${ID}`, 'agent')).status).toBe(403);
    const waiver = { Datacenter: 'dc1', Reason: 'x' };
    for (const [method, path, body] of [
      ['POST', ROTATIONS, {}],
      ['POST', TAINT, { RootID: 'R1', Reason: 'x' }],
      ['PUT', `${ROTATIONS}/${ID}/pause`, {}],
      ['PUT', `${ROTATIONS}/${ID}/waive`, waiver],
    ] as const) {
      const answer = await api.ask(method, path, 'reader', body);
      expect([path, answer.status, answer.body.includes(`'operator:write'`)]).toEqual([path, 403, true]);
    }
    expect(api.rotations.find(ID)!.rotation.health).toBe('running');
  });
});
