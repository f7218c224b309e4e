import { describe, expect, it } from '@jest/globals';
import { SseParser } from './sse-parser.js';

const TEXT =
  ': still here\n\nretry: 2000\n\nevent: ledger\ndata: {"Index":7}\n\nevent: two\r\ndata:a\r\ndata: b\r\n\r\ndata: plain\n\n';
const EVENTS = [
  { event: 'ledger', data: '{"Index":7}' },
  { event: 'two', data: 'a\nb' },
  { event: 'message', data: 'plain' },
];

describe('SseParser', () => {
  it('gives events with their data, and neither heartbeats nor what has no data', () => {
    expect(new SseParser().push(TEXT)).toEqual(EVENTS);
  });

  it('gives the same wherever the stream is cut into chunks', () => {
    for (let cut = 1; cut < TEXT.length; cut += 1) {
      const parser = new SseParser();
      expect([...parser.push(TEXT.slice(0, cut)), ...parser.push(TEXT.slice(cut))]).toEqual(EVENTS);
    }
    const byCharacter = new SseParser();
    expect(TEXT.split('').flatMap((character) => byCharacter.push(character))).toEqual(EVENTS);
  });

  it('keeps an event back until it is whole', () => {
    const parser = new SseParser();
    expect(parser.push('event: ledger\ndata: {}\n')).toEqual([]);
    expect(parser.push('\n')).toEqual([{ event: 'ledger', data: '{}' }]);
  });
});
