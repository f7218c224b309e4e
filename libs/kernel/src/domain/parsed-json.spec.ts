import { describe, expect, it } from '@jest/globals';
import { parsedJson } from './parsed-json.js';

describe('parsedJson', () => {
  it.each([
    ['{"a":[1,null]}', { a: [1, null] }],
    ['"text"', 'text'],
    ['null', null],
  ])('reads %s', (text, value) => {
    expect(parsedJson(text)).toEqual(value);
  });

  it.each(['', 'undefined', '{"a":', '<html></html>'])('is undefined for %j, which is no JSON', (text) => {
    expect(parsedJson(text)).toBeUndefined();
  });
});
