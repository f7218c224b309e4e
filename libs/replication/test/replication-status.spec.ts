import { describe, expect, it } from '@jest/globals';
import { stateOfFailure } from '../src/index.js';

describe('stateOfFailure', () => {
  it.each([
    ['PERMISSION_DENIED', 'NOT_PERMITTED'],
    ['ACL_NOT_FOUND', 'NOT_PERMITTED'],
    ['PEER_NOT_ALLOWED', 'NOT_PERMITTED'],
    ['TRUST_DOMAIN_MISMATCH', 'TRUST_DOMAIN_MISMATCH'],
    ['CHAIN_TRUST_DOMAIN_FOREIGN', 'TRUST_DOMAIN_MISMATCH'],
    ['PIN_MISMATCH', 'PIN_MISMATCH'],
    ['DATACENTER_UNREACHABLE', 'WAITING_PRIMARY'],
    ['SERVER_UNREACHABLE', 'WAITING_PRIMARY'],
    ['TIMEOUT', 'WAITING_PRIMARY'],
    ['CA_UNINITIALIZED', 'WAITING_PRIMARY'],
    ['CONFIG_INVALID', 'WAITING_PRIMARY'],
    ['REQUEST_INVALID', 'DEGRADED'],
    ['LEASE_LOST', 'DEGRADED'],
    [undefined, 'DEGRADED'],
  ] as const)('names what %s means: %s', (code, state) => {
    expect(stateOfFailure(code)).toBe(state);
  });
});
