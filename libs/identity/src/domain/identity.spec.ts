import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BanyanError, type ErrorCode } from '@banyan/kernel';
import {
  formatSpiffeId,
  parseDatacenterName,
  parseNodeName,
  parseServiceName,
  parseSpiffeId,
  serviceSni,
  type SpiffeId,
  TrustDomain,
} from '@banyan/identity';

const CLUSTER = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61';
const TD = `${CLUSTER}.consul`;

const codeOf = (work: () => unknown): ErrorCode | undefined => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(BanyanError);
    return (error as BanyanError).code;
  }
  return undefined;
};

const nameArbitrary = fc.stringMatching(/^[A-Za-z0-9_.-]{1,128}$/).filter((name) => name !== '.' && name !== '..');
const datacenterArbitrary = fc.stringMatching(/^[a-z0-9_-]{1,64}$/);
const trustDomainArbitrary = fc.uuid().map((uuid) => `${uuid}.consul`);

const idArbitrary: fc.Arbitrary<SpiffeId> = fc.oneof(
  fc.record({
    kind: fc.constant('service' as const),
    trustDomain: trustDomainArbitrary,
    namespace: fc.constant('default' as const),
    datacenter: datacenterArbitrary,
    service: nameArbitrary,
  }),
  fc.record({
    kind: fc.constant('agent' as const),
    trustDomain: trustDomainArbitrary,
    datacenter: datacenterArbitrary,
    node: nameArbitrary,
  }),
  fc.record({
    kind: fc.constantFrom('server' as const, 'mesh-gateway' as const),
    trustDomain: trustDomainArbitrary,
    datacenter: datacenterArbitrary,
  }),
  fc.record({ kind: fc.constant('signing' as const), trustDomain: trustDomainArbitrary }),
);

describe('parseSpiffeId', () => {
  it('I1: reads back every identity that formatSpiffeId writes', () => {
    fc.assert(fc.property(idArbitrary, (id) => expect(parseSpiffeId(formatSpiffeId(id))).toEqual(id)));
  });

  it('I2: whatever it accepts, it accepts in one spelling only', () => {
    const noise = fc.constantFrom('', '/', '%', '?', '#', '.', '/.', '/..', '//', ':80', '@', ' ', '\n', '\0', 'é');
    fc.assert(
      fc.property(idArbitrary, noise, fc.nat(), (id, insert, at) => {
        const uri = formatSpiffeId(id);
        const position = at % (uri.length + 1);
        const altered = uri.slice(0, position) + insert + uri.slice(position);
        let parsed: SpiffeId;
        try {
          parsed = parseSpiffeId(altered);
        } catch (error) {
          expect((error as BanyanError).code).toBe('SPIFFE_ID_INVALID');
          return;
        }
        expect(formatSpiffeId(parsed)).toBe(altered);
      }),
      { numRuns: 2000 },
    );
  });

  it('names the parts of each kind', () => {
    expect(parseSpiffeId(`spiffe://${TD}/ns/default/dc/dc1/svc/web`)).toEqual({
      kind: 'service',
      trustDomain: TD,
      namespace: 'default',
      datacenter: 'dc1',
      service: 'web',
    });
    expect(parseSpiffeId(`spiffe://${TD}/agent/client/dc/dc1/id/node-1`)).toEqual({
      kind: 'agent',
      trustDomain: TD,
      datacenter: 'dc1',
      node: 'node-1',
    });
    expect(parseSpiffeId(`spiffe://${TD}/agent/server/dc/dc2`)).toEqual({
      kind: 'server',
      trustDomain: TD,
      datacenter: 'dc2',
    });
    expect(parseSpiffeId(`spiffe://${TD}/gateway/mesh/dc/dc2`)).toEqual({
      kind: 'mesh-gateway',
      trustDomain: TD,
      datacenter: 'dc2',
    });
    expect(parseSpiffeId(`spiffe://${TD}`)).toEqual({ kind: 'signing', trustDomain: TD });
  });

  it.each([
    ['empty', ''],
    ['another scheme', `https://${TD}/ns/default/dc/dc1/svc/web`],
    ['an upper-case scheme', `SPIFFE://${TD}/ns/default/dc/dc1/svc/web`],
    ['an upper-case host', `spiffe://${TD.toUpperCase()}/ns/default/dc/dc1/svc/web`],
    ['a port', `spiffe://${TD}:443/ns/default/dc/dc1/svc/web`],
    ['user information', `spiffe://user@${TD}/ns/default/dc/dc1/svc/web`],
    ['a query', `spiffe://${TD}/ns/default/dc/dc1/svc/web?a=b`],
    ['a fragment', `spiffe://${TD}/ns/default/dc/dc1/svc/web#a`],
    ['percent-encoding', `spiffe://${TD}/ns/default/dc/dc1/svc/w%65b`],
    ['an encoded slash', `spiffe://${TD}/ns/default/dc/dc1/svc/a%2fb`],
    ['an empty segment', `spiffe://${TD}/ns/default/dc//svc/web`],
    ['a double slash', `spiffe://${TD}//ns/default/dc/dc1/svc/web`],
    ['a trailing slash', `spiffe://${TD}/ns/default/dc/dc1/svc/web/`],
    ['a root path', `spiffe://${TD}/`],
    ['a dot segment', `spiffe://${TD}/ns/default/dc/dc1/svc/.`],
    ['a parent segment', `spiffe://${TD}/ns/default/dc/dc1/svc/..`],
    ['another namespace', `spiffe://${TD}/ns/prod/dc/dc1/svc/web`],
    ['a partition', `spiffe://${TD}/ap/x/ns/default/dc/dc1/svc/web`],
    ['an upper-case datacenter', `spiffe://${TD}/ns/default/dc/DC1/svc/web`],
    ['a slash in a node', `spiffe://${TD}/agent/client/dc/dc1/id/a/b`],
    ['more path after a server', `spiffe://${TD}/agent/server/dc/dc1/id/a`],
    ['a leading blank', ` spiffe://${TD}`],
    ['a trailing line end', `spiffe://${TD}\n`],
    ['a NUL', `spiffe://${TD}/ns/default/dc/dc1/svc/web\0`],
    ['a homoglyph', `spiffe://${TD}/ns/default/dc/dc1/svc/w\u0435b`],
    ['a foreign host', 'spiffe://example.org/ns/default/dc/dc1/svc/web'],
    ['2049 characters', `spiffe://${TD}/ns/default/dc/dc1/svc/`.padEnd(2049, 'a')],
  ])('refuses %s with SPIFFE_ID_INVALID', (_what, text) => {
    expect(codeOf(() => parseSpiffeId(text))).toBe('SPIFFE_ID_INVALID');
  });
});

describe('TrustDomain', () => {
  it('is the cluster UUID and .consul', () => {
    const domain = TrustDomain.ofCluster(CLUSTER);
    expect(domain.name).toBe(TD);
    expect(TrustDomain.parse(TD).clusterId).toBe(CLUSTER);
    expect(domain.equals(TrustDomain.parse(TD))).toBe(true);
    expect(domain.equals(TrustDomain.ofCluster('00000000-0000-4000-8000-000000000000'))).toBe(false);
  });

  it.each(['', 'consul', CLUSTER, `${CLUSTER}.Consul`, TD.toUpperCase(), `${TD}.`, ` ${TD}`, `x${TD.slice(1)}`])(
    'refuses %j with TRUST_DOMAIN_INVALID',
    (text) => expect(codeOf(() => TrustDomain.parse(text))).toBe('TRUST_DOMAIN_INVALID'),
  );
});

describe('names', () => {
  it('accepts names up to their bounds', () => {
    expect(parseServiceName('a'.repeat(128))).toHaveLength(128);
    expect(parseNodeName('Node_1.example-x')).toBe('Node_1.example-x');
    expect(parseDatacenterName('a'.repeat(64))).toHaveLength(64);
  });

  it.each(['', '.', '..', 'a/b', 'a b', 'a%', 'é', 'a'.repeat(129)])('refuses %j as service and node', (text) => {
    expect(codeOf(() => parseServiceName(text))).toBe('NAME_INVALID');
    expect(codeOf(() => parseNodeName(text))).toBe('NAME_INVALID');
  });

  it.each(['', 'DC1', 'dc.1', 'dc/1', 'a'.repeat(65)])('refuses %j as datacenter', (text) => {
    expect(codeOf(() => parseDatacenterName(text))).toBe('NAME_INVALID');
  });
});

describe('serviceSni', () => {
  it('has the form that gateways route by', () => {
    expect(serviceSni({ service: 'web', datacenter: 'dc2', trustDomain: TD })).toBe(`web.default.dc2.internal.${TD}`);
  });
});
