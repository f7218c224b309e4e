import { describe, expect, it } from '@jest/globals';
import type { Intention } from '../../api/intentions.js';
import { matrixOf, MOST_COLUMNS, searched } from './matrix.js';

const intention = (SourceName: string, DestinationName: string, Precedence = 9, Description = ''): Intention => ({
  SourceName,
  DestinationName,
  Action: 'allow',
  Description,
  Precedence,
  CreateIndex: 1,
  ModifyIndex: 1,
});

describe('the matrix', () => {
  it('has every name of intentions and services on both sides, the wildcard and the named first', () => {
    const matrix = matrixOf([intention('web', 'api')], ['db'], '');
    expect(matrix).toEqual({ sources: ['*', 'web', 'api', 'db'], destinations: ['*', 'api', 'db', 'web'], left: 0 });
  });

  it('keeps what an intention ties to a name that is searched', () => {
    const matrix = matrixOf([intention('web', 'api'), intention('cron', 'db')], ['queue'], 'web');
    expect(matrix).toEqual({ sources: ['*', 'web'], destinations: ['*', 'api', 'web'], left: 0 });
  });

  it('counts the destinations that had no room', () => {
    const names = Array.from({ length: 100 }, (_, at) => `s${at}`);
    const { sources, destinations, left } = matrixOf([], names, '');
    expect([sources.length, destinations.length, left]).toEqual([101, MOST_COLUMNS, 101 - MOST_COLUMNS]);
  });
});

describe('a search', () => {
  const list = [intention('*', 'api', 8), intention('web', 'api'), intention('api', 'db', 9, 'orders')];

  it('looks into both names and the description, and orders by precedence', () => {
    expect(searched(list, 'API').map(({ Precedence }) => Precedence)).toEqual([9, 9, 8]);
    expect(searched(list, 'orders')).toEqual([list[2]]);
    expect(searched(list, 'nobody')).toEqual([]);
  });

  it('of a pair wants both sides', () => {
    expect(searched(list, 'web > api')).toEqual([list[1]]);
    expect(searched(list, 'api =>')).toEqual([list[2]]);
  });
});
