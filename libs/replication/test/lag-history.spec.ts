import { type EpochMs, epochMs } from '@banyan/kernel';
import { LAG_KEPT_MS, LAG_SAMPLE_MS, LagHistory } from '@banyan/replication';
import { describe, expect, it } from '@jest/globals';

const START = epochMs(Date.UTC(2031, 0, 1));
const at = (sample: number): EpochMs => epochMs(START + sample * LAG_SAMPLE_MS);
const place = (stream: string, datacenter = 'dc2') => ({ datacenter, stream });

describe('LagHistory', () => {
  it('answers the samples since a moment, with what was known of each, by datacenter and stream', () => {
    const history = new LagHistory();
    history.note(place('tokens'), { at: at(0), state: 'STARTING', lagIndex: 0 });
    history.note(place('tokens'), { at: at(1), state: 'READY', lagIndex: 3, lagMs: 450 });
    history.note(place('canary', 'dc3'), { at: at(1), state: 'READY', lagIndex: 0, lagMs: 0, roundTripMs: 21 });
    expect(history.read({ since: at(0) })).toEqual([
      {
        ...place('tokens'),
        samples: [
          { at: at(0), state: 'STARTING', lagIndex: 0 },
          { at: at(1), state: 'READY', lagIndex: 3, lagMs: 450 },
        ],
      },
      {
        ...place('canary', 'dc3'),
        samples: [{ at: at(1), state: 'READY', lagIndex: 0, lagMs: 0, roundTripMs: 21 }],
      },
    ]);
    const [tokens] = history.read({ since: at(1), stream: 'tokens' });
    expect(tokens?.samples.map((sample) => sample.at)).toEqual([at(1)]);
    expect(history.read({ since: at(0), datacenter: 'dc3' }).map(({ stream }) => stream)).toEqual(['canary']);
    expect(history.read({ since: at(0), stream: 'none' })).toEqual([]);
  });

  it('keeps six hours and no more, the newest ones', () => {
    const history = new LagHistory();
    const places = LAG_KEPT_MS / LAG_SAMPLE_MS;
    for (let sample = 0; sample < places + 5; sample += 1) {
      history.note(place('tokens'), { at: at(sample), state: 'READY', lagIndex: sample });
    }
    const [tokens] = history.read({ since: epochMs(0) });
    expect(tokens?.samples.length).toBe(2_160);
    expect([tokens?.samples[0]?.lagIndex, tokens?.samples.at(-1)?.lagIndex]).toEqual([5, places + 4]);
  });

  it('forgets a datacenter that left, and stays bounded whatever is reported', () => {
    const history = new LagHistory();
    history.note(place('tokens', 'left'), { at: START, state: 'READY', lagIndex: 0 });
    const later = epochMs(START + LAG_KEPT_MS + 1);
    history.note(place('tokens'), { at: later, state: 'READY', lagIndex: 0 });
    expect(history.read({ since: epochMs(0) }).map(({ datacenter }) => datacenter)).toEqual(['dc2']);
    for (let more = 0; more < 600; more += 1) {
      history.note(place(`stream-${more}`), { at: later, state: 'READY', lagIndex: 0 });
    }
    const streams = history.read({ since: epochMs(0) }).map(({ stream }) => stream);
    expect(streams.length).toBe(512);
    expect(streams).toContain('stream-599');
    expect(streams).not.toContain('stream-0');
  });
});
