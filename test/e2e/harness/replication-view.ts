import { expect } from '@jest/globals';
import type { Datacenter } from './datacenter.js';
import { eventually, timed } from './eventually.js';
import type { Mesh } from './mesh.js';

/** One stream, as `GET /v1/replication` shows it. */
export interface StreamView {
  readonly Stream: string;
  readonly State: string;
  readonly Code: string;
  readonly Reason: string;
  readonly Epoch: string;
  readonly LastErrorCode: string;
  readonly Quarantined: number;
  readonly HeldDeletions: number;
}

/** What is held of a stream. */
export interface HoldView {
  readonly Stream: string;
  readonly Code: string;
  readonly Hash: string;
  readonly Deletions: number;
  readonly WouldDelete: readonly { readonly Topic: string; readonly Key: string }[];
}

/** What is read of `GET /v1/replication`. */
export interface ReplicationView {
  readonly State: string;
  readonly Reason: string;
  readonly Streams: readonly StreamView[];
  readonly Alarms: readonly { readonly Code: string; readonly Reason: string }[];
  readonly Canary: { readonly State: string; readonly RoundTripMs: number | null };
  readonly Token?: {
    readonly Origin: string;
    readonly Scopes: readonly { readonly Scope: string; readonly Allowed: boolean; readonly Reason: string }[];
  };
  readonly Held: readonly HoldView[];
  readonly Quarantine: readonly { readonly Topic: string; readonly Key: string; readonly Code: string }[];
  readonly Adoption?: {
    readonly Hash: string;
    readonly Confirmed: boolean;
    readonly WouldLose: { readonly TrustDomain: string; readonly Intentions: readonly string[] };
  };
  readonly Secondaries?: readonly { readonly Datacenter: string; readonly Canary: { readonly State: string } }[];
}

const LIMIT_MS = 30_000;

/** Waits until a datacenter says of its replication what is wished, and returns what it says. */
export const replicationOf = (
  datacenter: { readonly name: string; askServer: Datacenter['askServer'] },
  what: string,
  check: (view: ReplicationView) => void,
  limitMs = LIMIT_MS,
): Promise<ReplicationView> =>
  eventually(`${datacenter.name}: ${what}`, { limitMs, everyMs: 100 }, async () => {
    const view = await datacenter.askServer<ReplicationView>({ path: '/v1/replication' });
    check(view);
    return view;
  });

export const streamIn = (view: ReplicationView, name: string): StreamView | undefined =>
  view.Streams.find(({ Stream }) => Stream === name);

/** Waits until every stream of dc2 is well, and nothing is held or set aside. Resolves to how long that took, in ms. */
export const replicationIsWell = async (mesh: Mesh, limitMs = LIMIT_MS): Promise<number> => {
  const { tookMs } = await timed(() =>
    replicationOf(
      mesh.dc2,
      'all is well',
      (view) => {
        expect(view).toMatchObject({ State: 'READY', Held: [], Quarantine: [] });
        for (const stream of view.Streams) expect(stream).toMatchObject({ State: 'READY', HeldDeletions: 0 });
      },
      limitMs,
    ),
  );
  return tookMs;
};

/** Makes a token at dc1 and keeps its secret from being told. */
export const makeToken = async (
  mesh: Mesh,
  role: object,
  description: string,
): Promise<{ readonly id: string; readonly secret: string }> => {
  const { AccessorID, SecretID } = await mesh.dc1.askServer<{ AccessorID: string; SecretID: string }>({
    method: 'PUT',
    path: '/v1/acl/token',
    body: { Description: description, Role: role },
  });
  mesh.secrets.add(description, SecretID);
  return { id: AccessorID, secret: SecretID };
};

/** Offers dc2 another replication token, as an operator does: it is taken only after the primary was asked what it may do. */
export const offerToken = (mesh: Mesh, secret: string, query = '') =>
  mesh.dc2.callServer({ method: 'PUT', path: `/v1/agent/token/replication${query}`, body: { Token: secret } });

/** Gives dc2 that token whatever it may do: without a restart, and whether or not the primary can be asked. */
export const giveToken = async (mesh: Mesh, secret: string): Promise<void> => {
  const { status, text } = await offerToken(mesh, secret, '?force');
  expect({ status, text }).toEqual({ status: 200, text: '{"Checked":false,"Reason":"it was forced"}' });
};
