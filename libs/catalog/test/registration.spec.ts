import { BanyanError, type JsonValue } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import {
  type AgentRegistration,
  agentServiceBodySchema,
  expandSidecar,
  parseAgentRegistration,
  parseCatalogDeregistration,
  parseCatalogRegistration,
  serviceContentHash,
  toAgentService,
} from '../src/index.js';

const refusal = (run: () => unknown): { code: string; message: string } => {
  try {
    run();
  } catch (error) {
    if (error instanceof BanyanError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
};

const CART: JsonValue = {
  Name: 'cart',
  ID: 'cart-1',
  Port: 9000,
  Tags: ['v2'],
  Check: { HTTP: 'http://127.0.0.1:9000/healthz', Interval: '10s', Timeout: '2s' },
  Connect: {
    SidecarService: {
      Proxy: {
        Upstreams: [
          { DestinationName: 'pricing', Datacenter: 'dc2', LocalBindPort: 9101, MeshGateway: { Mode: 'local' } },
        ],
      },
    },
  },
};

const proxy = (changes: object): JsonValue => ({
  Name: 'p',
  Kind: 'connect-proxy',
  Proxy: { DestinationServiceName: 'web', ...changes },
});

describe('parseAgentRegistration', () => {
  it('fills in the defaults', () => {
    expect(parseAgentRegistration({ Name: 'web' })).toEqual({
      service: {
        ID: 'web',
        Service: 'web',
        Tags: [],
        Meta: {},
        Port: 0,
        Address: '',
        Weights: { Passing: 1, Warning: 1 },
        EnableTagOverride: false,
      },
      checks: [],
    });
  });

  it('reads checks with their automatic IDs and durations', () => {
    const { checks } = parseAgentRegistration(CART);
    expect(checks).toEqual([
      {
        checkId: 'service:cart-1',
        name: "Service 'cart' check",
        notes: '',
        serviceId: 'cart-1',
        initialStatus: 'critical',
        probe: {
          kind: 'http',
          url: 'http://127.0.0.1:9000/healthz',
          method: 'GET',
          headers: {},
          body: '',
          skipTlsVerify: false,
          intervalMs: 10_000,
          timeoutMs: 2_000,
        },
        successBeforePassing: 0,
        failuresBeforeCritical: 0,
      },
    ]);
    const several = parseAgentRegistration({
      Name: 'a',
      Check: { TTL: '30s', Status: 'passing' },
      Checks: [{ CheckID: 'own', TCP: '127.0.0.1:1', Interval: 5_000_000_000 }, { AliasService: 'b' }],
    });
    expect(several.checks.map(({ checkId, probe }) => [checkId, probe.kind])).toEqual([
      ['service:a:1', 'ttl'],
      ['own', 'tcp'],
      ['service:a:3', 'alias'],
    ]);
    expect(several.checks[1]?.probe).toMatchObject({ intervalMs: 5_000, timeoutMs: 10_000 });
  });

  it('takes snake_case and any case of keys, but not in maps that are the caller own', () => {
    const snake: JsonValue = {
      name: 'web',
      enable_tag_override: true,
      tagged_addresses: { lan_ipv4: { address: '10.0.0.1', port: 1 } },
      META: { some_key: 'x' },
      connect: { sidecar_service: { proxy: { upstreams: [{ destination_name: 'db', local_bind_port: 9191 }] } } },
    };
    const registration = parseAgentRegistration(snake);
    expect(registration.service).toMatchObject({
      EnableTagOverride: true,
      TaggedAddresses: { lan_ipv4: { Address: '10.0.0.1', Port: 1 } },
      Meta: { some_key: 'x' },
    });
    expect(registration.sidecar?.Proxy?.Upstreams?.[0]?.DestinationName).toBe('db');
    expect(agentServiceBodySchema.safeParse(snake).success).toBe(true);
  });

  it('keeps the token hidden', () => {
    const registration = parseAgentRegistration({ Name: 'web', Token: 'very-secret-token' });
    expect(registration.token?.reveal()).toBe('very-secret-token');
    expect(JSON.stringify(registration)).not.toContain('very-secret-token');
  });

  it.each<[JsonValue, string, string | RegExp]>([
    [{}, 'SERVICE_INVALID', 'Missing service name'],
    [{ Name: 'a', Address: '0.0.0.0' }, 'SERVICE_INVALID', 'Invalid service address'],
    [{ Name: 'a', Address: '::' }, 'SERVICE_INVALID', 'Invalid service address'],
    [{ Name: 'a b' }, 'SERVICE_INVALID', /^Validation failed: /],
    [{ Name: 'a', Weights: { Passing: 0 } }, 'SERVICE_INVALID', /^Invalid Weights: /],
    [{ Name: 'a', Meta: { 'consul-x': '1' } }, 'SERVICE_INVALID', /^Invalid Service Meta: /],
    [{ Name: 'a', Meta: { x: '\u0000' } }, 'SERVICE_INVALID', /U\+0000/],
    [{ Name: 'a', Kind: 'router' }, 'SERVICE_INVALID', /^Validation failed: Kind/],
    [{ Name: 'a', Namespace: 'team' }, 'SERVICE_INVALID', /^Validation failed: /],
    [{ Name: 'a', Kind: 'connect-proxy' }, 'SERVICE_INVALID', /DestinationServiceName must be non-empty/],
    [proxy({ Mode: 'transparent' }), 'SERVICE_INVALID', /Proxy\.Mode/],
    [proxy({ MutualTLSMode: 'permissive' }), 'SERVICE_INVALID', /MutualTLSMode/],
    [proxy({ Upstreams: [{ DestinationName: 'db' }] }), 'SERVICE_INVALID', /Upstreams\[0\] needs LocalBindPort/],
    [
      proxy({ Upstreams: [{ DestinationName: 'db', LocalBindPort: 1, DestinationPeer: 'x' }] }),
      'SERVICE_INVALID',
      /DestinationPeer/,
    ],
    [
      proxy({ Upstreams: [{ DestinationName: 'db', LocalBindPort: 1, Datacenter: 'DC 2' }] }),
      'SERVICE_INVALID',
      /Datacenter/,
    ],
    [{ Name: 'a', Check: {} }, 'SERVICE_INVALID', 'Invalid check: TTL must be > 0 for TTL checks'],
    [
      { Name: 'a', Check: { TTL: '1s', Interval: '1s', HTTP: 'http://x' } },
      'SERVICE_INVALID',
      /^Invalid check: Interval and TTL/,
    ],
    [{ Name: 'a', Check: { HTTP: 'http://x' } }, 'SERVICE_INVALID', /^Invalid check: Interval must be > 0/],
    [
      { Name: 'a', Check: { HTTP: 'file:///etc/passwd', Interval: '1s' } },
      'SERVICE_INVALID',
      /^Invalid check: HTTP must be/,
    ],
    [{ Name: 'a', Check: { TCP: 'nowhere', Interval: '1s' } }, 'SERVICE_INVALID', /^Invalid check: TCP must be/],
    [{ Name: 'a', Check: { TTL: '10' } }, 'SERVICE_INVALID', /^Invalid check: TTL: /],
    [
      { Name: 'a', Check: { Args: ['sh', '-c', 'true'], Interval: '1s' } },
      'SERVICE_INVALID',
      /script checks are not supported/,
    ],
    [{ Name: 'a', Check: { GRPC: 'x:1', Interval: '1s' } }, 'SERVICE_INVALID', /GRPC checks are not supported/],
    [
      { Name: 'a', Check: { TTL: '1s', Status: 'fine' } },
      'SERVICE_INVALID',
      "Status for checks must 'passing', 'warning', 'critical'",
    ],
    [
      {
        Name: 'a',
        Checks: [
          { ID: 'x', TTL: '1s' },
          { ID: 'x', TTL: '1s' },
        ],
      },
      'SERVICE_INVALID',
      /two checks have the same ID/,
    ],
    [{ Name: 'a', Connect: { SidecarService: { ID: 'x' } } }, 'SERVICE_INVALID', /^Invalid SidecarService: /],
    [{ Name: 'a', Connect: { Native: true, SidecarService: {} } }, 'SERVICE_INVALID', /^Invalid SidecarService: /],
    [{ Name: 'a', Foo: 1 }, 'REQUEST_INVALID', 'Request decode failed: json: unknown field "Foo"'],
    [{ Name: 'a', Check: { Bar: 1 } }, 'REQUEST_INVALID', 'Request decode failed: json: unknown field "Bar"'],
    [{ Name: 'a', Port: 'x' }, 'REQUEST_INVALID', /^Request decode failed: Port: /],
    [[], 'REQUEST_INVALID', /^Request decode failed: /],
  ])('refuses %j', (body, code, message) => {
    const found = refusal(() => parseAgentRegistration(body));
    expect(found.code).toBe(code);
    if (typeof message === 'string') expect(found.message).toBe(message);
    else expect(found.message).toMatch(message);
  });
});

const expand = (registration: AgentRegistration, port = 21_000) => {
  const asked: string[] = [];
  const allocatePort = (id: string): number => {
    asked.push(id);
    return port;
  };
  return { asked, sidecar: expandSidecar(registration, { allocatePort }) };
};

describe('expandSidecar', () => {
  it('takes its defaults from the parent', () => {
    const { asked, sidecar } = expand(parseAgentRegistration(CART));
    expect(asked).toEqual(['cart-1-sidecar-proxy']);
    expect(sidecar?.service).toEqual({
      Kind: 'connect-proxy',
      ID: 'cart-1-sidecar-proxy',
      Service: 'cart-sidecar-proxy',
      Tags: ['v2'],
      Meta: {},
      Port: 21_000,
      Address: '',
      Weights: { Passing: 1, Warning: 1 },
      EnableTagOverride: false,
      Proxy: {
        DestinationServiceName: 'cart',
        DestinationServiceID: 'cart-1',
        LocalServiceAddress: '127.0.0.1',
        LocalServicePort: 9000,
        Mode: '',
        MeshGateway: {},
        Expose: {},
        Upstreams: [
          {
            DestinationType: 'service',
            DestinationName: 'pricing',
            Datacenter: 'dc2',
            LocalBindPort: 9101,
            MeshGateway: { Mode: 'local' },
          },
        ],
      },
    });
    expect(sidecar?.checks.map(({ checkId, name, probe }) => [checkId, name, probe.kind])).toEqual([
      ['service:cart-1-sidecar-proxy:1', 'Connect Sidecar Listening', 'tcp'],
      ['service:cart-1-sidecar-proxy:2', 'Connect Sidecar Aliasing cart-1', 'alias'],
    ]);
  });

  it('prefers what the body says, and asks for no port then', () => {
    const registration = parseAgentRegistration({
      Name: 'web',
      Token: 'parent-token-parent',
      Address: '10.0.0.1',
      Connect: { SidecarService: { Port: 22_000, Tags: ['side'], Address: 'fd00::1', Check: { TTL: '1s' } } },
    });
    const { asked, sidecar } = expand(registration);
    expect(asked).toEqual([]);
    expect(sidecar?.service).toMatchObject({ Port: 22_000, Tags: ['side'], Address: 'fd00::1' });
    expect(sidecar?.checks.map((check) => check.probe.kind)).toEqual(['ttl']);
    expect(sidecar?.token?.reveal()).toBe('parent-token-parent');
  });

  it("uses the parent's socket, and gives nothing for a service without a sidecar", () => {
    const { sidecar } = expand(
      parseAgentRegistration({ Name: 'web', SocketPath: '/run/web', Connect: { SidecarService: {} } }),
    );
    expect(sidecar?.service.Proxy).toMatchObject({ LocalServiceSocketPath: '/run/web' });
    expect(sidecar?.service.Proxy?.LocalServicePort).toBeUndefined();
    expect(expand(parseAgentRegistration({ Name: 'web' })).sidecar).toBeUndefined();
  });

  it('names the place of a wrong check', () => {
    const registration = parseAgentRegistration({ Name: 'a', Connect: { SidecarService: { Check: {} } } });
    expect(refusal(() => expand(registration))).toEqual({
      code: 'SERVICE_INVALID',
      message: 'Invalid check in sidecar_service: TTL must be > 0 for TTL checks',
    });
  });
});

describe('serviceContentHash', () => {
  it('does not depend on the order of members, and excludes what a datacenter adds', () => {
    const { service } = parseAgentRegistration({ Name: 'web', Meta: { a: '1', b: '2' } });
    const shuffled = { ...Object.fromEntries(Object.entries(service).toReversed()), Meta: { b: '2', a: '1' } };
    expect(serviceContentHash(shuffled as unknown as typeof service)).toBe(serviceContentHash(service));
    const answer = toAgentService(service, 'dc1');
    expect(answer.ContentHash).toBe(serviceContentHash(service));
    expect(answer.Datacenter).toBe('dc1');
    expect(serviceContentHash({ ...service, Port: 1 })).not.toBe(serviceContentHash(service));
  });
});

describe('the catalog bodies', () => {
  it('reads a registration with a check of its service', () => {
    const registration = parseCatalogRegistration({
      Datacenter: 'dc1',
      Node: 'ext',
      Address: '10.0.0.9',
      Service: { Service: 'db', Port: 5432 },
      Check: { Name: 'port open', Status: 'passing' },
    });
    expect(registration).toMatchObject({
      node: { Node: 'ext', Address: '10.0.0.9', Meta: {} },
      skipNodeUpdate: false,
      service: { ID: 'db', Service: 'db', Port: 5432 },
      checks: [{ CheckID: 'service:db', Name: 'port open', Status: 'passing', ServiceID: 'db' }],
    });
  });

  it.each<[JsonValue, string]>([
    [{ Node: 'a' }, 'NODE_INVALID'],
    [{ Address: '10.0.0.1' }, 'NODE_INVALID'],
    [{ Node: 'a/b', Address: '10.0.0.1' }, 'NODE_INVALID'],
    [{ Node: 'a', Address: '10.0.0.1', ID: 'x' }, 'NODE_INVALID'],
    [{ Node: 'a', Address: 'x', Check: { CheckID: 'serfHealth' } }, 'SERVICE_INVALID'],
    [{ Node: 'a', Address: 'x', Check: {} }, 'SERVICE_INVALID'],
    [{ Node: 'a', Address: 'x', Unknown: 1 }, 'REQUEST_INVALID'],
  ])('refuses %j', (body, code) => {
    expect(refusal(() => parseCatalogRegistration(body)).code).toBe(code);
  });

  it('reads a deregistration', () => {
    expect(parseCatalogDeregistration({ Node: 'n1', ServiceID: 'web' })).toEqual({ node: 'n1', serviceId: 'web' });
    expect(parseCatalogDeregistration({ node: 'n1', CheckID: '' })).toEqual({ node: 'n1' });
    expect(refusal(() => parseCatalogDeregistration({ ServiceID: 'web' })).code).toBe('NODE_INVALID');
  });
});
