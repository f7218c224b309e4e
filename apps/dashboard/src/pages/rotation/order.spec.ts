import { describe, expect, it } from '@jest/globals';
import { EMPTY_ORDER, requestOf } from './order.js';

describe('requestOf', () => {
  it('asks for nothing that was not filled in', () => {
    expect(requestOf(EMPTY_ORDER)).toEqual({ path: '/v1/connect/ca/rotations', body: {} });
  });

  it('sends key, waits and reason of a root', () => {
    const order = {
      ...EMPTY_ORDER,
      key: 'rsa 2048',
      reason: ' yearly ',
      verifyWindow: '2s',
      withoutCrossSigning: true,
    };
    expect(requestOf(order).body).toEqual({
      Config: { PrivateKeyType: 'rsa', PrivateKeyBits: 2048 },
      Reason: 'yearly',
      VerifyWindow: '2s',
      ForceWithoutCrossSigning: true,
    });
  });

  it('leaves out what has no meaning for a datacenter or a taint', () => {
    const filled = {
      ...EMPTY_ORDER,
      key: 'ec 384',
      distributeWait: '1m',
      datacenter: 'dc2',
      rootId: 'aa:bb',
      reason: 'why',
    };
    expect(requestOf({ ...filled, kind: 'datacenter' })).toEqual({
      path: '/v1/connect/ca/rotations',
      body: { Scope: { Datacenter: 'dc2' }, Reason: 'why' },
    });
    expect(requestOf({ ...filled, kind: 'taint-root', deadline: '5m' })).toEqual({
      path: '/v1/connect/ca/taint',
      body: { RootID: 'aa:bb', Reason: 'why', Deadline: '5m' },
    });
    expect(requestOf({ ...filled, kind: 'taint-datacenter' }).body).toEqual({ Datacenter: 'dc2', Reason: 'why' });
  });
});
