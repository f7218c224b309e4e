import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RootProvider } from '@banyan/ca';
import { VaultKind } from '../src/index.js';
import { calm, holding, surroundings } from './edges.js';
import { type LocalVault, plainServer } from './local-vault/local-vault.js';
import { failure, placeIn, rootRequest } from './vault-behaviour.js';
import { localVault, policyFor, type VaultLab } from './vault-lab.js';

let server: LocalVault;
let lab: VaultLab;
const kind = new VaultKind(surroundings());

beforeAll(async () => {
  ({ server, lab } = await localVault());
});
afterAll(async () => {
  await kind.stop();
  await server.stop();
});
afterEach(() => {
  server.isSealed = false;
  server.faults.length = 0;
});

const ready = async () => {
  const { mount, options } = await placeIn(lab);
  const all = { ...options, Token: await lab.token(policyFor(mount)) };
  const provider = kind.open(all);
  const root = await provider.provide(rootRequest(lab), calm());
  return { mount, provider, root, options: all };
};
const provide = async (provider: RootProvider) => failure(provider.provide(rootRequest(lab), calm()));
const answer =
  (status: number, body: string, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(status, headers).end(body);

describe('a Vault that cannot answer', () => {
  it('is sealed: unreachable, with what to do, and ready afterwards', async () => {
    const { provider, root } = await ready();
    server.isSealed = true;
    expect(await provide(provider)).toMatchObject({
      code: 'PROVIDER_UNREACHABLE',
      message: 'Vault is sealed: unseal it (Vault says: Vault is sealed)',
    });
    expect(await provider.inspect(root.keyReference, root.certificatePem, calm())).toMatchObject({
      kind: 'unreachable',
    });
    server.isSealed = false;
    expect(await provider.inspect(root.keyReference, root.certificatePem, calm())).toEqual({ kind: 'ready' });
  });

  it.each([
    [429, '{"errors":["request path is rate limited"]}', 'PROVIDER_UNREACHABLE', 'status 429'],
    [473, '{}', 'PROVIDER_UNREACHABLE', 'status 473'],
    [501, '{"errors":[]}', 'PROVIDER_UNREACHABLE', 'not initialized'],
    [502, '<html>bad gateway</html>', 'PROVIDER_UNREACHABLE', 'status 502'],
    [400, '{"errors":["nonsense"]}', 'PROVIDER_REFUSED', 'Vault says: nonsense'],
    [200, '<html>welcome</html>', 'PROVIDER_REFUSED', "has not the shape of Vault's"],
    [200, 'x'.repeat(1024 * 1024 + 1), 'PROVIDER_REFUSED', 'over 1 MiB'],
    [
      404,
      '{"errors":["1 error occurred:\\n\\t* unsupported path\\n\\n"]}',
      'PROVIDER_REFUSED',
      'Vault 1.11, or OpenBao',
    ],
  ])('answers %i: %.30s', async (status, body, code, text) => {
    const { provider } = await ready();
    server.faults.push(answer(status, body));
    expect(await provide(provider)).toMatchObject({ code, message: holding(text) });
  });

  it('cuts the connection', async () => {
    const { provider } = await ready();
    server.faults.push((response) => response.destroy());
    expect(await provide(provider)).toMatchObject({ code: 'PROVIDER_UNREACHABLE', message: holding('ECONNRESET') });
  });

  it('is away', async () => {
    const gone = await localVault();
    const { address } = gone.server;
    await gone.server.stop();
    const provider = kind.open({ Address: address, Token: 'x', RootPKIPath: 'pki', CAFile: gone.lab.caFile });
    expect(await provide(provider)).toMatchObject({ code: 'PROVIDER_UNREACHABLE', message: holding('ECONNREFUSED') });
  });

  it('does not speak TLS', async () => {
    const plain = await plainServer();
    const provider = kind.open({ Address: `https://127.0.0.1:${plain.port}`, Token: 'x', RootPKIPath: 'pki' });
    const error = await provide(provider);
    await plain.stop();
    expect(error).toMatchObject({ code: 'PROVIDER_REFUSED', message: holding('does not speak TLS') });
  });

  it('never answers: the caller that gives up is let go', async () => {
    const { provider } = await ready();
    const stop = new AbortController();
    server.faults.push(() => stop.abort());
    const work = failure(provider.provide(rootRequest(lab), stop.signal));
    expect(await work).toMatchObject({ code: 'ABORTED' });
  });

  it('is a standby that sends on to the active one, once and over TLS only', async () => {
    const { provider, mount } = await ready();
    const location = `${server.address}/v1/${mount}/issuers?list=true`;
    server.faults.push(answer(307, '', { location }));
    await provider.provide(rootRequest(lab), calm());
    server.faults.push(answer(307, '', { location: location.replace('https:', 'http:') }));
    expect(await provide(provider)).toMatchObject({ code: 'PROVIDER_REFUSED', message: holding('from https to http') });
    server.faults.push(answer(307, '', { location }), answer(307, '', { location }));
    expect(await provide(provider)).toMatchObject({ code: 'PROVIDER_REFUSED', message: holding('status 307') });
  });

  it('is verified by CAPath too, and by nothing with TLSSkipVerify, which is told', async () => {
    const { options } = await ready();
    const { CAFile, ...rest } = options;
    const folder = CAFile.replace(/\/[^/]+$/, '');
    await kind.open({ ...rest, CAPath: folder }).provide(rootRequest(lab), calm());
    const own = surroundings();
    const careless = new VaultKind(own);
    await careless.open({ ...rest, TLSSkipVerify: 'true' }).provide(rootRequest(lab), calm());
    await careless.stop();
    expect(own.logger.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'TLSSkipVerify is set: whoever answers at this address is taken for Vault'],
    ]);
  });

  it('signs something else than was ordered: refused by what differs', async () => {
    const { provider, root } = await ready();
    const { trialIntermediate } = await import('../src/domain/throwaway.js');
    const { Certificate } = await import('@banyan/pki');
    const issuer = Certificate.fromPem(root.certificatePem);
    const setting = { trustDomain: 'x.consul', now: lab.clock.now(), random: surroundings().random };
    const trust = { ...setting, trustDomain: issuer.uris[0]!.replace('spiffe://', '') };
    const { order } = await trialIntermediate(issuer, { type: 'ec', bits: 256 }, trust);
    const body = JSON.stringify({ data: { certificate: root.certificatePem } });
    server.faults.push(answer(200, body));
    const error = await failure(provider.signIntermediate(root.keyReference, order, calm()));
    expect(error).toMatchObject({
      code: 'PROVIDER_REFUSED',
      message:
        'the provider made another intermediate than was ordered: the key, the common name, the path length, the end differs',
    });
  });
});

const base = { Address: 'https://vault.example:8200', RootPKIPath: 'pki', Token: 't0ken' };
const approle = { Type: 'approle', Params: { role_id: 'r' } };

describe('the options of Vault', () => {
  it.each([
    [{ ...base, Address: undefined }, 'Address must be a URL such as https://vault.example.com:8200'],
    [{ ...base, Address: 'vault:8200' }, 'Address must be a URL such as https://vault.example.com:8200'],
    [{ ...base, Address: 'http://vault.example:8200' }, 'Address must be https: only a Vault on this very host'],
    [{ ...base, Address: 'https://user:pw@vault' }, 'Address must hold no user name or password'],
    [{ ...base, RootPKIPath: '' }, 'RootPKIPath is missing: name the mount of a PKI secrets engine'],
    [{ ...base, RootPKIPath: '../sys' }, 'RootPKIPath must be a mount path such as pki_root'],
    [{ ...base, RootIssuer: 'default' }, 'RootIssuer must not be default: what it names changes behind our back'],
    [{ ...base, Token: '' }, 'neither Token nor AuthMethod is given'],
    [{ ...base, AuthMethod: approle }, 'Token and AuthMethod are both given'],
    [{ ...base, TLSSkipVerify: true, CAFile: '/ca' }, 'TLSSkipVerify and CAFile or CAPath contradict each other'],
    [{ ...base, TLSSkipVerify: 'maybe' }, 'TLSSkipVerify has a form that is not allowed'],
    [{ ...base, CertFile: '/c' }, 'CertFile and KeyFile belong together'],
    [{ ...base, Token: undefined, AuthMethod: { Type: 'ldap' } }, 'AuthMethod.Type must be approle or kubernetes'],
    [{ ...base, Token: undefined, AuthMethod: { Type: 'approle' } }, 'AuthMethod.Params.role_id or role_id_file_path'],
    [{ ...base, Token: undefined, AuthMethod: { Type: 'kubernetes' } }, 'AuthMethod.Params.role is missing'],
    [
      { ...base, Token: undefined, AuthMethod: { Type: 'approle', Params: { role_id: 'r', secret: 's' } } },
      'AuthMethod.Params of approle are role_id, role_id_file_path, secret_id, secret_id_file_path, and no others',
    ],
  ])('are refused by name: %j', async (options, text) => {
    const error = await failure((async () => kind.open(options))());
    expect(error).toMatchObject({ code: 'CA_CONFIG_INVALID', message: holding(`error configuring provider: ${text}`) });
    expect(error.message).not.toContain('t0ken');
  });

  it('are taken as Consul spells them', () => {
    const options = {
      ...base,
      RootPKIPath: '/pki/root/',
      IntermediatePKIPath: 'pki_int',
      TLSServerName: 'vault.example',
      LeafCertTTL: '72h',
    };
    expect(kind.open(options)).toBeInstanceOf(RootProvider);
    const byMethod = { ...base, Token: undefined, auth_method: { ...approle, mount_path: 'auth/our-approle' } };
    expect(kind.open(byMethod)).toBeInstanceOf(RootProvider);
    expect(kind.open({ ...base, Address: 'http://127.0.0.1:8200' })).toBeInstanceOf(RootProvider);
  });
});
