import { FederationDirectory, type FederationView } from '@banyan/http-api';
import { DatacenterForwarder, type ForwardedAnswer, type ForwardedRequest, injectHttp } from '@banyan/http-kit';
import { BanyanError, durationMs, epochMs } from '@banyan/kernel';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

const AT = epochMs(1_767_225_600_000);
const YEAR_MS = 31_536_000_000;

/** A primary that has heard of dc2, and only knows the name of dc3. */
export class MemoryFederation extends FederationDirectory {
  /** What dc2 says of itself. */
  state = 'READY';
  /** How often it was asked. */
  reads = 0;
  failure: BanyanError | undefined;

  override async read(): Promise<FederationView> {
    this.reads += 1;
    if (this.failure !== undefined) throw this.failure;
    const canary = { state: 'GREEN', sequence: 7, roundTripMs: 12, objectiveMs: durationMs(10_000) } as const;
    const standing = {
      state: this.state,
      reason: '',
      servers: [{ id: 's', name: 'dc2-server-1', version: '0.1.0', alive: true, leases: ['authority'] }],
      agents: { total: 4, live: 3, versions: { '0.1.0': 3 } },
      signingRootId: 'aa:bb',
      intermediate: {
        serialHex: '40:01',
        keyId: 'cc:dd',
        notBefore: AT,
        notAfter: epochMs(AT + 100 * YEAR_MS),
        pem: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n',
        chainBytes: 700,
      },
      leaves: { 'aa:bb': 9 },
    };
    return {
      datacenter: 'dc1',
      primaryDatacenter: 'dc1',
      trustDomain: '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul',
      datacenters: [
        {
          name: 'dc2',
          role: 'secondary',
          wanAddresses: ['10.0.2.5:8302'],
          link: { state: 'up', lastContactMs: 900 },
          standing,
          state: this.state,
          reason: '',
          lag: { index: 3, ms: 1_260 },
          canary,
          reportedAt: AT,
        },
        {
          name: 'dc3',
          role: 'secondary',
          wanAddresses: [],
          link: { state: 'unknown' },
          state: 'UNKNOWN',
          reason: 'nothing was reported yet',
        },
      ],
    };
  }
}

/** The WAN to another API that runs in this process; cut while there is none. */
export class MemoryWan extends DatacenterForwarder {
  other: NestFastifyApplication | undefined;
  readonly paths: string[] = [];

  override async forward(datacenter: string, request: ForwardedRequest): Promise<ForwardedAnswer> {
    this.paths.push(request.path);
    if (this.other === undefined) {
      throw new BanyanError('DATACENTER_UNREACHABLE', `datacenter ${datacenter} does not answer`);
    }
    return injectHttp(this.other, {
      method: request.method,
      path: request.path,
      headers: request.token === undefined ? {} : { 'x-consul-token': request.token.reveal() },
      signal: request.signal,
    });
  }
}
