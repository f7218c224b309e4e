import { parseSpiffeId } from '@banyan/identity';
import { BanyanError } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { lanPeers, serverOf, wanPeers } from '../src/domain/peer-rule.js';
import { parsePin, pinMatches } from '../src/domain/pin.js';
import { agentUri, serverUri, TRUST_DOMAIN } from './support/test-authority.js';

const FOREIGN = '99999999-2222-3333-4444-555555555555.consul';
const here = { trustDomain: TRUST_DOMAIN, datacenter: 'dc1' };

describe('peer rules', () => {
  const lan = lanPeers(() => here);
  const wan = wanPeers(() => here);
  const server = serverOf(here);
  it.each([
    ['an agent of the datacenter', agentUri('dc1', 'n1'), true, false, false],
    ['an agent of another datacenter', agentUri('dc2', 'n1'), false, false, false],
    ['a server of the datacenter', serverUri('dc1'), true, true, true],
    ['a server of another datacenter', serverUri('dc2'), false, true, false],
    ['a server of another trust domain', serverUri('dc1', FOREIGN), false, false, false],
    ['a service', `spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`, false, false, false],
    ['a mesh gateway', `spiffe://${TRUST_DOMAIN}/gateway/mesh/dc/dc1`, false, false, false],
    ['a signing authority', `spiffe://${TRUST_DOMAIN}`, false, false, false],
  ])('%s', (_name, uri, onLan, onWan, asServer) => {
    const id = parseSpiffeId(uri);
    expect([lan(id), wan(id), server(id)].map((refusal) => refusal === undefined)).toEqual([onLan, onWan, asServer]);
  });

  it('lets nobody in before the server knows its own place', () => {
    expect(lanPeers(() => undefined)(parseSpiffeId(serverUri('dc1')))).toContain('no place');
    expect(wanPeers(() => undefined)(parseSpiffeId(serverUri('dc1')))).toContain('no place');
  });
});

describe('pins', () => {
  const hex = '0123456789abcdef'.repeat(4);
  it.each([hex, hex.toUpperCase(), hex.replaceAll(/(..)(?=.)/g, '$1:'), `sha256:${hex}`, ` ${hex}\n`])(
    'takes %s',
    (pin) => {
      expect(parsePin(pin)).toBe(hex);
      expect(pinMatches(pin, hex.replaceAll(/(..)(?=.)/g, '$1:'))).toBe(true);
    },
  );
  it.each(['', hex.slice(2), `${hex}00`, hex.replace('0', 'g')])('refuses %j', (pin) => {
    expect(() => parsePin(pin)).toThrow(BanyanError);
    expect(() => parsePin(pin)).toThrow(/64 hex digits/);
  });
});
