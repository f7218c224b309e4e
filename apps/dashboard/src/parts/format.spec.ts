import { describe, expect, it } from '@jest/globals';
import { bytesText, durationText, percentText, plural, relativeText, secondsText, shortId, wordsOf } from './format.js';
import { toneOf } from './tone.js';

describe('format', () => {
  it.each([
    [0, '0s'],
    [59, '59s'],
    [61, '1m 1s'],
    [3_600, '1h'],
    [90_061, '1d 1h'],
    [-5, '5s'],
  ])('writes %d s as %s', (seconds, text) => expect(durationText(seconds)).toBe(text));

  it('tells the past from the future', () => {
    expect(relativeText(1_000, 63_000)).toBe('1m 2s ago');
    expect(relativeText(63_000, 1_000)).toBe('in 1m 2s');
    expect(relativeText(1_000, 1_400)).toBe('now');
  });

  it('never shows a part as all, nor something as nothing', () => {
    expect(percentText(0.9999)).toBe('99 %');
    expect(percentText(0.0001)).toBe('1 %');
    expect(percentText(1)).toBe('100 %');
    expect(percentText(0)).toBe('0 %');
  });

  it('writes amounts with their units', () => {
    expect(secondsText(undefined)).toBe('–');
    expect(secondsText(0.44)).toBe('0.4 s');
    expect(secondsText(7_200)).toBe('2h');
    expect(bytesText(563)).toBe('563 B');
    expect(bytesText(1_536)).toBe('1.5 KiB');
    expect(plural(1, 'leaf', 'leaves')).toBe('1 leaf');
    expect(plural(12_000, 'leaf', 'leaves')).toBe('12,000 leaves');
    expect(shortId('3f:a2:9c:01:77')).toBe('3f:a2:9c:01…');
    expect(wordsOf('WAITING_PRIMARY')).toBe('waiting primary');
  });

  it('never takes a state that it does not know for a good one', () => {
    expect(toneOf('READY')).toBe('good');
    expect(toneOf('rolling-back')).toBe('warning');
    expect(toneOf('SOMETHING_NEXT_YEAR')).toBe('quiet');
  });
});
