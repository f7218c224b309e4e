import { describe, expect, it } from '@jest/globals';
import { addressesOf } from '../src/edges/datacenter-links.js';

describe('addressesOf', () => {
  it.each([
    [['proxy:1'], 'inner:2,inner:3', ['proxy:1', 'inner:2', 'inner:3']],
    [['inner:3', 'proxy:1'], 'inner:2,inner:3', ['inner:3', 'proxy:1', 'inner:2']],
    [['proxy:1'], '', ['proxy:1']],
    [[], 'inner:2', ['inner:2']],
    [[], '', []],
  ])('of %j and the told %j are %j: configured ones stay, and come first', (configured, told, addresses) => {
    expect(addressesOf(configured, told)).toEqual(addresses);
  });
});
