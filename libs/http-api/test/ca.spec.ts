import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseCertificates } from '@banyan/pki';
import { type Api, startApi } from './api-fixture.js';

const ROOTS = '/v1/connect/ca/roots';
const CONFIGURATION = '/v1/connect/ca/configuration';

describe('the CA', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.stop());

  it('shows its roots to anybody, with an index and a serial number of all its digits', async () => {
    const answer = await api.ask('GET', ROOTS);
    expect(answer.status).toBe(200);
    expect(Number(answer.headers['x-consul-index'])).toBeGreaterThan(0);
    const [root] = api.ca.state.roots;
    const serial = (root!.certificate.serialNumber & ((1n << 64n) - 1n)).toString();
    expect(answer.body).toContain(`"SerialNumber":${serial},`);
    const body = JSON.parse(answer.body) as { ActiveRootID: string; Roots: Record<string, unknown>[] };
    expect(body.ActiveRootID).toBe(root!.id);
    expect(body.Roots).toHaveLength(1);
    expect(body.Roots[0]).toMatchObject({
      Active: true,
      ExternalTrustDomain: '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61',
      IntermediateCerts: [api.ca.state.active!.certificate.pem],
      SigningKeyID: api.ca.state.active!.certificate.subjectKeyId,
      CreateIndex: 3,
      ModifyIndex: 5,
    });
  });

  it('gives the roots as PEM for every word Go calls true, and refuses what is no boolean', async () => {
    for (const word of ['true', '1', 'T']) {
      const answer = await api.ask('GET', `${ROOTS}?pem=${word}`);
      expect(answer.headers['content-type']).toBe('application/pem-certificate-chain');
      expect(parseCertificates(answer.body)).toHaveLength(2);
    }
    expect((await api.ask('GET', `${ROOTS}?pem=`)).headers['content-type']).toBe('application/json');
    const refused = await api.ask('GET', `${ROOTS}?pem=maybe`);
    expect([refused.status, refused.body]).toEqual([400, `The 'pem' query parameter must be a boolean value`]);
  });

  it('shows and takes its configuration for operators only', async () => {
    for (const method of ['GET', 'PUT']) {
      expect((await api.ask(method, CONFIGURATION, undefined, {})).status).toBe(403);
    }
    expect((await api.ask('GET', CONFIGURATION, 'reader')).body).toContain(`lacks permission 'operator:write'`);
    expect(JSON.parse((await api.ask('GET', CONFIGURATION, 'manager')).body)).toEqual({
      Provider: 'consul',
      Config: { LeafCertTTL: '72h' },
      State: null,
      ForceWithoutCrossSigning: false,
      CreateIndex: 3,
      ModifyIndex: 4,
    });
  });

  it('takes back what was read, with an empty answer', async () => {
    const body = (await api.ask('GET', CONFIGURATION, 'manager')).body;
    const answer = await api.ask('PUT', CONFIGURATION, 'manager', body);
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect(api.configuration.changes.at(-1)).toEqual({
      provider: 'consul',
      options: { LeafCertTTL: '72h' },
      forceWithoutCrossSigning: false,
    });
  });

  const put = (body: unknown) => api.ask('PUT', CONFIGURATION, 'manager', body);

  it('refuses a state, an unknown key, an unknown provider and an empty body, each by its text', async () => {
    const state = await put({ Provider: 'consul', Config: {}, State: { a: 'b' } });
    expect([state.status, state.body.startsWith('Provider State is read-only')]).toEqual([400, true]);
    const unknown = await put({ Provider: 'consul', Config: {}, Foo: 1 });
    expect([unknown.status, unknown.body]).toEqual([400, 'Request decode failed: json: unknown field "Foo"']);
    const provider = await put({ Provider: 'x', Config: {} });
    expect([provider.status, provider.headers['x-banyan-error']]).toEqual([500, 'CA_PROVIDER_UNKNOWN']);
    expect(provider.body).toContain('unknown CA provider "x"');
    expect((await put('')).body).toContain('EOF');
  });
});
