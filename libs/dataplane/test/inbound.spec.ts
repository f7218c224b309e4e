import { once } from 'node:events';
import { connect } from 'node:net';
import { formatSpiffeId } from '@banyan/identity';
import { TestAuthority } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import { authority, meshOfTwo, rawClient, received } from './mesh-of-two.js';
import { ask, closed, dial, eventually, TRUST_DOMAIN, uriOf } from './running-sidecar.js';

describe('the inbound side', () => {
  it('refuses a client of another authority, and one without a certificate', async () => {
    const { service, api } = await meshOfTwo();
    const foreign = await TestAuthority.create(TRUST_DOMAIN, 'foreign');
    for (const leaf of [await foreign.serviceLeaf('web', 'dc1'), {}]) {
      await closed(rawClient(api, leaf));
    }
    await eventually('both are counted', () => api.proxy.counters().inboundHandshakeFailures === 2);
    expect(api.proxy.counters().inboundHandshakes).toBe(0);
    expect([service.connections, api.source.asked.length]).toEqual([0, 0]);
    // Said, unlike a health check that only connects: somebody may be left behind by a change of root.
    const [foreigner] = api.logger.of('inbound handshake failed');
    expect(foreigner).toMatchObject({ code: expect.stringMatching(/^(UNABLE_TO|SELF_SIGNED)/) });
    expect(foreigner).toMatchObject({ reason: expect.stringContaining("the client's chain is not trusted") });
  });

  it('refuses an identity that is not a service without asking the agent', async () => {
    const { service, api } = await meshOfTwo();
    const agent = formatSpiffeId({ kind: 'agent', trustDomain: TRUST_DOMAIN, datacenter: 'dc1', node: 'n1' });
    const client = rawClient(api, await authority.leaf(agent));
    await closed(client);
    expect(api.logger.of('connection denied')).toMatchObject([{ reason: expect.stringContaining('that of a agent') }]);
    expect([service.connections, api.source.asked.length]).toEqual([0, 0]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('never resumes a %s session', async (version) => {
    const { api } = await meshOfTwo();
    const leaf = await authority.serviceLeaf('web', 'dc1');
    const limits = { minVersion: version, maxVersion: version };
    const first = rawClient(api, leaf, limits);
    const sessions: Buffer[] = [];
    first.on('session', (session: Buffer) => sessions.push(session));
    first.write('x');
    await received(first); // a TLS 1.3 session would arrive before the first byte
    const session = sessions.at(-1) ?? first.getSession();
    first.destroy();
    const second = rawClient(api, leaf, { ...limits, session });
    await once(second, 'secureConnect');
    second.write('y');
    await received(second);
    expect(second.getProtocol()).toBe(version);
    expect(second.isSessionReused()).toBe(false);
    second.destroy();
  });

  it('lets go of a health check, which connects and ends without a handshake', async () => {
    const { api } = await meshOfTwo();
    const check = connect(api.proxy.ports().inbound!, '127.0.0.1');
    check.end();
    await eventually('it is over', () => api.proxy.counters().inboundHandshakeFailures === 1);
    await closed(check);
    const fields = api.logger.of('inbound connection closed before a handshake');
    // Not the time limit of handshakes, which would hold up the stop of a sidecar that is checked every second.
    expect(fields).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  it('refuses TLS 1.1', async () => {
    const { api } = await meshOfTwo();
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await closed(rawClient(api, await authority.serviceLeaf('web', 'dc1'), old));
    await eventually('it is counted', () => api.proxy.counters().inboundHandshakeFailures === 1);
    expect(api.proxy.counters().inboundHandshakes).toBe(0);
  });

  it('checks live connections again when intentions change, and cuts only the denied ones', async () => {
    const { api, web } = await meshOfTwo();
    const denied = dial(web, 'api');
    const kept = rawClient(api, await authority.serviceLeaf('batch', 'dc1'));
    for (const socket of [denied, kept]) {
      socket.write('before');
      expect(await received(socket)).toBe('before');
    }
    api.source.decide = ({ clientCertUri }) => clientCertUri !== uriOf('web', 'dc1');
    api.source.intentions.publish();
    await closed(denied);
    expect(api.logger.of('connection denied')).toMatchObject([{ source: uriOf('web', 'dc1'), wasLive: true }]);
    kept.write('after');
    expect(await received(kept)).toBe('after');
    kept.destroy();
  });

  it('keeps live connections while the agent is away, refuses further ones, and recovers', async () => {
    const { api, web } = await meshOfTwo();
    const live = dial(web, 'api');
    live.write('before');
    await received(live);
    api.source.isAway = true;
    api.source.intentions.publish();
    expect(await ask(web, 'api')).toBe('');
    expect(api.logger.of('connection denied')).toMatchObject([
      { reason: expect.stringContaining('could not be asked'), wasLive: false },
    ]);
    live.write('during');
    expect(await received(live)).toBe('during');
    api.source.isAway = false;
    expect(await ask(web, 'api', 'back')).toBe('back');
    live.write('after');
    expect(await received(live)).toBe('after');
    live.destroy();
  });
});
