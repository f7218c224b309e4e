import { BanyanError, isBanyanError } from '@banyan/kernel';
import { parseServiceName } from '@banyan/identity';
import { WILDCARD } from './intention.js';

/** The only namespace and partition there is; clients may write it out. */
const DEFAULT_NAMESPACE = 'default';

/** Which query parameter a name came from; error texts quote it. */
export type NameParameter = 'source' | 'destination' | 'name';

/**
 * Reads a name from a query: `svc`, `default/svc` or `default/default/svc` (contract §3.2), or `*` for `svc`.
 * Throws `INTENTION_INVALID` with the text existing clients know, quoting the parameter and the value.
 */
export const parseIntentionName = (text: string, parameter: NameParameter): string => {
  const refuse = (reason: string): never => {
    throw new BanyanError('INTENTION_INVALID', `${parameter} "${text.slice(0, 256)}" is invalid: ${reason}`);
  };
  const parts = text.split('/');
  if (parts.length > 3) return refuse("input can contain at most two '/'");
  if (text.startsWith('peer:')) return refuse('cannot specify a peer here');
  const name = parts.at(-1) ?? '';
  if (name === '') return refuse('need to specify the service name as well');
  const qualifiers = parts.slice(0, -1);
  if (qualifiers.at(-1) === WILDCARD && name !== WILDCARD) {
    return refuse('Name: exact value cannot follow wildcard namespace');
  }
  if (qualifiers.some((qualifier) => qualifier !== DEFAULT_NAMESPACE)) {
    return refuse('only the namespace and partition "default" exist here');
  }
  return reasonAgainstName(name) === undefined ? name : refuse(`Name: ${reasonAgainstName(name)}`);
};

/** Why a text cannot be a source or destination name, or undefined when it can. */
export const reasonAgainstName = (name: string): string | undefined => {
  if (name === WILDCARD) return undefined;
  if (name.includes(WILDCARD)) return "wildcard character '*' cannot be used with partial values";
  try {
    parseServiceName(name);
    return undefined;
  } catch (error) {
    if (isBanyanError(error, 'NAME_INVALID')) return error.message;
    throw error;
  }
};
