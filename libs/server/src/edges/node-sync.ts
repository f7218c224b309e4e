import type { NodeSync } from '@banyan/catalog';
import { BanyanError, type EpochMs, parsedJson } from '@banyan/kernel';

/** Parses what an agent sent of its node; the catalog checks the parts. The name is the one the agent's certificate says. */
export const parseNodeSync = (node: string, json: string, now: EpochMs): NodeSync => {
  const parsed = parsedJson(json) as Partial<NodeSync> | null | undefined;
  if (parsed === undefined) throw new BanyanError('NODE_INVALID', 'the node that was sent is not JSON');
  if (parsed?.node?.Node !== node || !Array.isArray(parsed.services) || !Array.isArray(parsed.checks)) {
    throw new BanyanError('NODE_INVALID', `the node that was sent is not ${node} with its services and checks`);
  }
  return { node: parsed.node, services: parsed.services, checks: parsed.checks, now };
};
