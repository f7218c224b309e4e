import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { meshOfTwo, received } from './mesh-of-two.js';
import { ask, closed, dial, eventually, uriOf } from './running-sidecar.js';

describe('two sidecars', () => {
  it('carry an allowed connection, asking with the identity of the client certificate', async () => {
    const { service, api, web } = await meshOfTwo();
    expect(await ask(web, 'api', 'through the mesh')).toBe('through the mesh');
    expect(service.connections).toBe(1);
    expect(api.source.asked).toEqual([
      {
        target: 'api',
        clientCertUri: uriOf('web', 'dc1'),
        clientCertSerial: expect.stringMatching(/^([0-9a-f]{2}:)+/),
      },
    ]);
    expect(api.proxy.counters()).toMatchObject({ inboundHandshakes: 1, inboundHandshakeFailures: 0, denied: 0 });
    expect(web.proxy.counters()).toMatchObject({ outboundHandshakes: 1, outboundFailures: 0, outboundUnserved: 0 });
  });

  it('close a denied connection before a byte reaches the workload, and log who, where to and why', async () => {
    const { service, api, web } = await meshOfTwo();
    api.source.decide = () => false;
    expect(await ask(web, 'api')).toBe('');
    expect(service.connections).toBe(0);
    expect(api.logger.of('connection denied')).toEqual([
      { source: uriOf('web', 'dc1'), destination: 'api', reason: 'denied by the test', wasLive: false },
    ]);
    expect(api.proxy.counters().denied).toBe(1);
  });

  it('pass on the end of one direction while the other goes on', async () => {
    const { web } = await meshOfTwo((socket) => {
      let question = '';
      socket.on('data', (chunk: Buffer) => (question += chunk.toString()));
      socket.on('end', () => socket.end(`answer to ${question}`));
    });
    expect(await ask(web, 'api', 'half-closed')).toBe('answer to half-closed');
  });

  it('pass on the loss of a connection in both directions', async () => {
    const { service, web } = await meshOfTwo();
    const first = dial(web, 'api');
    first.write('a');
    await received(first);
    first.destroy();
    await eventually('the workload sees it', () => service.sockets.size === 0);
    const second = dial(web, 'api');
    second.write('b');
    await received(second);
    for (const socket of service.sockets) socket.destroy();
    await closed(second);
    await eventually('nothing is left', () => web.proxy.counters().activeOutbound === 0);
  });

  it('carry megabytes both ways unchanged, and hold the sender back while the reader does not read', async () => {
    const { service, web } = await meshOfTwo();
    // Six socket pairs on the way and back may hold 10 MiB each (Linux's largest send and receive buffers).
    const total = 128 * 1024 * 1024;
    const block = randomBytes(64 * 1024);
    const client = dial(web, 'api');
    let sent = 0;
    const sentHash = createHash('sha256');
    const send = (): void => {
      while (sent < total) {
        sent += block.length;
        sentHash.update(block);
        if (!client.write(block)) {
          client.once('drain', send);
          return;
        }
      }
      client.end();
    };
    client.pause();
    send();
    // The echo comes back to a client that does not read: everything on the way fills up and the sender has to wait.
    await eventually('the workload was reached', () => service.connections === 1);
    let before = -1;
    let stillFor = 0;
    await eventually('the sender stands still', () => {
      stillFor = sent === before ? stillFor + 1 : 0;
      before = sent;
      return stillFor > 30;
    });
    expect(sent).toBeLessThan(total);
    const receivedHash = createHash('sha256');
    client.on('data', (chunk: Buffer) => receivedHash.update(chunk));
    client.resume();
    await once(client, 'end');
    expect(sent).toBe(total);
    expect(receivedHash.digest('hex')).toBe(sentHash.digest('hex'));
  });
});
