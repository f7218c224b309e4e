import { ANONYMOUS, type Caller } from '@banyan/acl';
import { AuditAct, outcomeOf, recordedAct } from '@banyan/audit';
import { isBanyanError, type JsonValue, type SecretText } from '@banyan/kernel';
import type { OpenCall, PeerCall } from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** What a call by gRPC is recorded as. */
export interface RpcAct {
  readonly action: string;
  readonly target: string;
  /** What is asked for, in names only. */
  readonly after: JsonValue;
  readonly token: SecretText;
  readonly call: OpenCall | PeerCall;
}

/** Does what a call by gRPC asks for, and records it or its refusal. */
export const rpcAct = <T>(core: DatacenterCore, act: RpcAct, work: () => Promise<T>): Promise<T> =>
  recordedAct(core.audit.recorder, factsOf(core, act), work);

/** Does what is no act, such as a read: only when it is denied, that is recorded. */
export const rpcRead = async <T>(core: DatacenterCore, act: RpcAct, work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const outcome = outcomeOf(isBanyanError(error) ? error.code : 'INTERNAL');
    if (outcome.result === 'denied') await core.audit.recorder.close(new AuditAct(factsOf(core, act)), outcome);
    throw error;
  }
};

const factsOf = (core: DatacenterCore, { action, target, after, token, call }: RpcAct) => {
  const caller = callerOf(core, token);
  return {
    action,
    accessorId: caller?.accessorId ?? '',
    tokenName: caller?.description ?? '',
    remoteAddress: call.remoteAddress,
    method: 'RPC',
    path: 'peer' in call ? peerText(call.peer) : '',
    target,
    before: null,
    after,
  };
};

/** The certificate of the caller says more than its token: `agent n1`, `server dc2`. */
const peerText = (peer: PeerCall['peer']): string => {
  if (peer.kind === 'agent') return `agent ${peer.node}`;
  return peer.kind === 'server' ? `server of ${peer.datacenter}` : peer.kind;
};

const callerOf = (core: DatacenterCore, token: SecretText): Caller | undefined => {
  if (token.reveal() === '') return ANONYMOUS;
  try {
    return core.tokens.resolve(token);
  } catch (error) {
    if (isBanyanError(error)) return undefined;
    throw error;
  }
};

/** A datacenter that asks for an intermediate, by token at first and by certificate later. */
export const intermediateAct = (
  request: { readonly datacenter: string; readonly wanAddress: string; readonly token: SecretText },
  call: OpenCall | PeerCall,
): RpcAct => ({
  action: 'intermediate.sign',
  target: `datacenter/${request.datacenter}`,
  after: { Datacenter: request.datacenter, WANAddress: request.wanAddress },
  token: request.token,
  call,
});

/** Header in which an agent or a server says where a request that it carries came from. Only read on calls by gRPC. */
export const REMOTE_ADDRESS_HEADER = 'x-banyan-remote-address';

/** Where a carried request came from: what whoever carries it says, and who that is. */
export const carriedFrom = (headers: Readonly<Record<string, string>>, { remoteAddress }: OpenCall): string => {
  const told = headers[REMOTE_ADDRESS_HEADER];
  return told === undefined || told === '' ? remoteAddress : `${told.slice(0, 256)} via ${remoteAddress}`;
};
