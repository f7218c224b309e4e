import { SecretText, SilentLogger } from '@banyan/kernel';
import type { Role } from '@banyan/acl';
import { createCsr, generateKeyPair } from '@banyan/pki';
import type { PeerCall } from '@banyan/rpc';
import type { AgentId, ServerId } from '@banyan/identity';
import { readSettings } from '@banyan/settings';
import { eventually } from '@banyan/testkit';
import { DatacenterCore, PrimaryRole, primarySettings } from '../src/index.js';

/** The core of a primary called dc1 with its role, without ports, once it signs. */
export interface PrimaryBench {
  readonly core: DatacenterCore;
  readonly role: PrimaryRole;
  /** A CSR for a path of our trust domain, or for a whole URI. */
  csr(pathOrUri: string): Promise<string>;
  /** The call of a peer of our trust domain. */
  callOf(peer: Omit<AgentId, 'trustDomain'> | Omit<ServerId, 'trustDomain'>): PeerCall;
  /** The secret of a token with that role. */
  token(role: Role): Promise<SecretText>;
  stop(): Promise<void>;
}

const unreachable = (): never => {
  throw new Error('no HTTP here');
};

export const openPrimary = async (databaseUrl: string): Promise<PrimaryBench> => {
  const env = {
    BANYAN_DATACENTER: 'dc1',
    BANYAN_DATABASE_URL: databaseUrl,
    BANYAN_KEK: Buffer.alloc(32, 7).toString('base64'),
  };
  const settings = readSettings(primarySettings, { env, readFile: unreachable });
  const core = await DatacenterCore.open(settings, new SilentLogger(), unreachable);
  const role = new PrimaryRole({ core, settings, kinds: [], http: unreachable, onRoot: () => undefined });
  role.start();
  core.lease.start();
  await eventually('the server has a certificate of its own', () => core.identity.rotating.material !== undefined);
  const trustDomain = core.ca.getTrustDomain().name;
  return {
    core,
    role,
    csr: async (pathOrUri) => {
      const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
      const uri = pathOrUri.startsWith('spiffe:') ? pathOrUri : `spiffe://${trustDomain}/${pathOrUri}`;
      return createCsr({ keyPair, uri });
    },
    callOf: (peer) => ({
      peer: { ...peer, trustDomain },
      remoteAddress: '127.0.0.1:1',
      signal: new AbortController().signal,
    }),
    token: async (tokenRole) => {
      const context = { token: new SecretText(''), accessorId: 'test' };
      const created = await role.tokenWriter.create(context, { description: '', role: tokenRole });
      await core.follower.reached(await core.store.currentIndex(), { limitMs: 10_000 });
      return created.secret;
    },
    stop: async () => {
      await role.stop();
      await core.close();
    },
  };
};
