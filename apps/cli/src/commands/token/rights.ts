import { BanyanError } from '@banyan/kernel';
import { type Command, Option } from 'commander';
import type { WireRole } from '../../wire/token-shapes.js';

/** What {@link addRightsOptions} declares. */
export interface RightsOptions {
  readonly role?: 'management' | 'operator-read';
  readonly policyName?: string;
  readonly serviceIdentity?: string;
  readonly nodeIdentity?: string;
  readonly replication?: string;
  readonly scope?: readonly string[];
}

/** What a token may do; exactly one of them has to be given. */
export const addRightsOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--role <role>', 'a token for people: everything, or reading only').choices([
        'management',
        'operator-read',
      ]),
    )
    .addOption(
      new Option('--policy-name <name>', 'as --role management, for scripts of Consul').choices(['global-management']),
    )
    .option('--service-identity <service>', 'a token for a service')
    .option('--node-identity <node>', 'a token for the agent of a node')
    .option('--replication <datacenter>', 'a token for the servers of a secondary')
    .addOption(
      new Option('--scope <scopes...>', 'with --replication: only this of it').choices([
        'replication:read',
        'ca:sign-intermediate',
      ]),
    );

/** The role that the options name, or undefined when they name none. Throws `CONFIG_INVALID` for more than one. */
export const roleOf = (options: RightsOptions): WireRole | undefined => {
  const { role, policyName, serviceIdentity, nodeIdentity, replication, scope } = options;
  const roles: readonly WireRole[] = [
    ...(role === undefined ? [] : [{ kind: role }]),
    ...(policyName === undefined ? [] : [{ kind: 'management' }]),
    ...(serviceIdentity === undefined ? [] : [{ kind: 'service', service: serviceIdentity }]),
    ...(nodeIdentity === undefined ? [] : [{ kind: 'agent', node: nodeIdentity }]),
    ...(replication === undefined
      ? []
      : [{ kind: 'replication', datacenter: replication, ...(scope !== undefined && { scopes: [...scope] }) }]),
  ];
  if (roles.length > 1) {
    throw new BanyanError('CONFIG_INVALID', 'a token has one role: give one of the options that name it');
  }
  if (scope !== undefined && replication === undefined) {
    throw new BanyanError('CONFIG_INVALID', '--scope belongs to --replication');
  }
  return roles[0];
};
