import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, startApi } from './api-fixture.js';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api.stop();
});

const put = (source: string, destination: string, body: object) =>
  api.ask('PUT', `/v1/connect/intentions/exact?source=${source}&destination=${destination}`, 'manager', body);

const why = async (source: string, destination: string): Promise<unknown> =>
  JSON.parse(
    (await api.ask('GET', `/v1/connect/intentions/check?source=${source}&destination=${destination}&why`, 'manager'))
      .body,
  );

describe('GET /v1/connect/intentions/check?why', () => {
  it('names the intention that decided, the nearest of those that match', async () => {
    await put('*', 'api', { Action: 'deny' });
    await put('web', 'api', { Action: 'allow' });
    expect(await why('web', 'api')).toEqual({
      Allowed: true,
      Why: {
        Code: 'L4_INTENTION',
        Reason: 'Matched L4 intention: default/web => default/api (precedence 9, allow)',
        DefaultAction: 'deny',
        Precedence: 9,
        Intention: expect.objectContaining({ SourceName: 'web', DestinationName: 'api', Action: 'allow' }),
      },
    });
    expect(await why('db', 'api')).toMatchObject({
      Allowed: false,
      Why: { Code: 'L4_INTENTION', Precedence: 8, Intention: { SourceName: '*' } },
    });
  });

  it('says when nothing matched and the default decided', async () => {
    expect(await why('web', 'api')).toEqual({
      Allowed: false,
      Why: {
        Code: 'DEFAULT_POLICY',
        Reason: 'Default intention policy',
        DefaultAction: 'deny',
        Precedence: null,
        Intention: null,
      },
    });
  });

  it('says nothing more than existing clients know without it', async () => {
    const answer = await api.ask('GET', '/v1/connect/intentions/check?source=web&destination=api', 'manager');
    expect(answer.body).toBe('{"Allowed":false}');
  });

  it('tells the rule to nobody who may not read it', async () => {
    const path = '/v1/connect/intentions/check?source=db&destination=api';
    expect((await api.ask('GET', path, 'web')).status).toBe(200);
    const asked = await api.ask('GET', `${path}&why`, 'web');
    expect([asked.status, asked.headers['x-banyan-error']]).toEqual([403, 'PERMISSION_DENIED']);
  });
});
