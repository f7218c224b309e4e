import { describe, expect, it } from '@jest/globals';
import { WorkTime } from '../src/domain/work-time.js';

const piece = (work: WorkTime, atMs: number, tookMs: number, done = true): void => {
  work.begin(atMs);
  work.end(atMs + tookMs, done);
};

describe('WorkTime', () => {
  it('knows nothing before the first piece, and takes the first ones as they are', () => {
    const work = new WorkTime();
    expect(work.meanMs).toBeUndefined();
    piece(work, 0, 2);
    expect(work.meanMs).toBe(2);
    piece(work, 100, 4);
    expect(work.meanMs).toBe(3);
  });

  it('follows a change within about ten windows, and a single slow piece hardly moves it', () => {
    const work = new WorkTime();
    for (let n = 0; n < 16; n += 1) piece(work, n, 1);
    expect(work.meanMs).toBe(1);
    for (let n = 0; n < 16; n += 1) piece(work, n, n === 3 ? 17 : 1);
    expect(work.meanMs).toBeCloseTo(1.2, 5);
    for (let n = 0; n < 16 * 20; n += 1) piece(work, n, 5);
    expect(work.meanMs).toBeGreaterThan(4.9);
  });

  it('counts time in which two pieces ran once', () => {
    const work = new WorkTime();
    work.begin(0);
    work.begin(1);
    work.end(10, true);
    work.end(11, true);
    expect(work.meanMs).toBe(5.5);
  });

  it('leaves out what failed', () => {
    const work = new WorkTime();
    piece(work, 0, 2);
    piece(work, 10, 50, false);
    expect(work.meanMs).toBe(2);
    piece(work, 100, 2);
    expect(work.meanMs).toBe(2);
  });
});
