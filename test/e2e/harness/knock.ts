import { expect } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { parseCertificates } from '@banyan/pki';
import type { Mesh } from './mesh.js';
import type { LeafAnswer, MeshService } from './mesh-service.js';

/** Knocks at the sidecar of a service with such a leaf: the first line of the answer, or why there is none. */
export const knock = async (mesh: Mesh, to: MeshService, leaf: LeafAnswer): Promise<string> => {
  const roots = await mesh.dc1.roots();
  const socket = connect({
    host: '127.0.0.1',
    port: to.publicPort,
    cert: leaf.CertPEM,
    key: leaf.PrivateKeyPEM,
    ca: roots.Roots.map(({ RootCert }) => RootCert),
    // The names of the mesh are URIs, which TLS of Node does not compare: that the chain is trusted is checked all the same.
    checkServerIdentity: () => undefined,
  });
  try {
    socket.setTimeout(5_000, () => socket.destroy(new Error('neither answered nor closed')));
    // In TLS 1.3 the client is connected before its own certificate was looked at.
    await once(socket, 'secureConnect');
    const [presented] = parseCertificates(leaf.CertPEM);
    expect(presented!.uris).toEqual([leaf.ServiceURI]);
    socket.write('GET / HTTP/1.1\r\nHost: mesh\r\nConnection: close\r\n\r\n');
    const closed = once(socket, 'close').then(() => 'closed without an answer');
    const answered = once(socket, 'data').then(
      ([chunk]) => (chunk as Buffer).toString('latin1').split('\r\n')[0] ?? '',
    );
    return await Promise.race([answered, closed]);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    socket.destroy();
  }
};
