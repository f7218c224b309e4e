import { TestAuthority } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import { cleanups, meshOfTwo, sidecar } from './mesh-of-two.js';
import { ask, endpointOf, eventually, startSidecar, TRUST_DOMAIN, uriOf } from './running-sidecar.js';

describe('the outbound side', () => {
  it('refuses a server that is another service, whatever the catalog says', async () => {
    const { service, web } = await meshOfTwo();
    const impostor = await sidecar({ service: 'impostor', datacenter: 'dc2', localPort: service.port });
    web.source.endpointsOf('api').publish([endpointOf(impostor, 'dc2')]);
    await eventually('the connection goes there', () => {
      void ask(web, 'api');
      return web.logger.of('endpoint failed').length > 0;
    });
    expect(web.logger.of('endpoint failed')[0]).toMatchObject({
      reason: expect.stringContaining(`the peer is ${uriOf('impostor', 'dc2')} instead of ${uriOf('api', 'dc2')}`),
    });
    expect(impostor.source.asked).toEqual([]);
  });

  it('refuses a server of another authority', async () => {
    const { service, web } = await meshOfTwo();
    const foreign = await TestAuthority.create(TRUST_DOMAIN, 'foreign');
    const other = await startSidecar(foreign, { service: 'api', datacenter: 'dc2', localPort: service.port });
    cleanups.push(() => other.proxy.stop());
    web.source.endpointsOf('api').publish([endpointOf(other, 'dc2')]);
    await eventually('the connection goes there', () => {
      void ask(web, 'api');
      return web.logger.of('endpoint failed').length > 0;
    });
    expect(web.logger.of('endpoint failed')[0]).toMatchObject({ reason: expect.stringMatching(/certificate/) });
    expect(service.connections).toBe(0);
  });

  it('goes on to the next instance when one does not answer, and says so when there is none', async () => {
    const { api, web } = await meshOfTwo();
    web.source
      .endpointsOf('api')
      .publish([{ address: '127.0.0.1', port: 1, datacenter: 'dc2' }, endpointOf(api, 'dc2')]);
    for (const text of ['one', 'two', 'three', 'four']) expect(await ask(web, 'api', text)).toBe(text);
    expect(web.proxy.counters().outboundFailures).toBeGreaterThanOrEqual(1);
    web.source.endpointsOf('api').publish([]);
    await eventually('it is refused', () => {
      void ask(web, 'api');
      return web.logger.of('upstream unreachable').length > 0;
    });
    expect(web.logger.of('upstream unreachable')[0]).toMatchObject({ reason: 'there is no healthy instance' });
  });
});
