import { stateIndex } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { indexHeaders } from '../src/index.js';

describe('the headers of an answer with an index', () => {
  it('say that there is a leader, heard just now, while the database is followed', () => {
    expect(indexHeaders(stateIndex(7))).toMatchObject({
      'X-Consul-Index': '7',
      'X-Consul-KnownLeader': 'true',
      'X-Consul-LastContact': '0',
    });
    expect(indexHeaders(stateIndex(0), { silentMs: 0 })).toMatchObject({
      'X-Consul-Index': '1',
      'X-Consul-KnownLeader': 'true',
    });
  });

  it('say how old the answer is, in whole ms, and that no leader is known, while the database is away', () => {
    expect(indexHeaders(stateIndex(7), { silentMs: 12_345.6 })).toMatchObject({
      'X-Consul-Index': '7',
      'X-Consul-KnownLeader': 'false',
      'X-Consul-LastContact': '12346',
    });
  });
});
