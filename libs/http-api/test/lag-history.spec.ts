import { epochMs } from '@banyan/kernel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, startApi } from './api-fixture.js';

const PATH = '/v1/replication/history';
const MINUTE_MS = 60_000;

interface History {
  readonly SampleSeconds: number;
  readonly KeepSeconds: number;
  readonly Series: readonly {
    readonly Datacenter: string;
    readonly Stream: string;
    readonly Samples: readonly object[];
  }[];
}

let api: Api;
let now: number;
beforeEach(async () => {
  api = await startApi();
  now = Date.now();
  for (const [minutesAgo, lagIndex] of [
    [180, 9],
    [30, 4],
    [1, 0],
  ] as const) {
    const at = epochMs(now - minutesAgo * MINUTE_MS);
    api.lags.note({ datacenter: 'dc2', stream: 'tokens' }, { at, state: 'READY', lagIndex, lagMs: 1_250 });
    api.lags.note({ datacenter: 'dc3', stream: 'canary' }, { at, state: 'SILENT', lagIndex, roundTripMs: 33 });
  }
});
afterEach(async () => {
  await api.stop();
});

const read = async (query: string): Promise<History> => {
  const answer = await api.ask('GET', `${PATH}${query}`, 'reader');
  expect(answer.status).toBe(200);
  return JSON.parse(answer.body) as History;
};

const at = (minutesAgo: number): string => new Date(now - minutesAgo * MINUTE_MS).toISOString();

const lengths = async (query: string): Promise<string[]> =>
  (await read(query)).Series.map(({ Stream, Samples }) => `${Stream} ${Samples.length}`);

describe('GET /v1/replication/history', () => {
  it('answers the last hour of every stream, to whoever may read operator', async () => {
    expect((await api.ask('GET', PATH, 'web')).status).toBe(403);
    const history = await read('');
    expect([history.SampleSeconds, history.KeepSeconds]).toEqual([10, 21_600]);
    expect(history.Series).toEqual([
      {
        Datacenter: 'dc2',
        Stream: 'tokens',
        Samples: [
          { At: at(30), State: 'READY', LagIndex: 4, LagSeconds: 1.3 },
          { At: at(1), State: 'READY', LagIndex: 0, LagSeconds: 1.3 },
        ],
      },
      {
        Datacenter: 'dc3',
        Stream: 'canary',
        Samples: [
          { At: at(30), State: 'SILENT', LagIndex: 4, LagSeconds: null, RoundTripMs: 33 },
          { At: at(1), State: 'SILENT', LagIndex: 0, LagSeconds: null, RoundTripMs: 33 },
        ],
      },
    ]);
  });

  it('is narrowed to a stream, a datacenter and a moment, given as a duration or a time', async () => {
    expect(await lengths('?since=4h')).toEqual(['tokens 3', 'canary 3']);
    expect(await lengths('?since=10m&stream=tokens')).toEqual(['tokens 1']);
    expect(await lengths('?since=4h&for=dc3')).toEqual(['canary 3']);
    expect(await lengths(`?since=${at(40)}&for=dc2`)).toEqual(['tokens 2']);
    expect(await lengths('?stream=none')).toEqual([]);
    for (const wrong of ['yesterday', '2026-99-99T00:00:00Z']) {
      const answer = await api.ask('GET', `${PATH}?since=${wrong}`, 'reader');
      expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('Invalid since')]);
    }
  });
});
