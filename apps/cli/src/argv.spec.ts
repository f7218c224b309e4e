import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { acceptSingleDash } from './argv.js';

const program = new Command('banyan').addCommand(
  new Command('connect').addCommand(
    new Command('proxy').option('--sidecar-for <id>').option('-t, --token <secret>').option('--http-addr <address>'),
  ),
);

describe('acceptSingleDash', () => {
  it.each([
    [
      ['connect', 'proxy', '-sidecar-for', 'web'],
      ['connect', 'proxy', '--sidecar-for', 'web'],
    ],
    [
      ['-sidecar-for=web', '-http-addr=127.0.0.1:1'],
      ['--sidecar-for=web', '--http-addr=127.0.0.1:1'],
    ],
    [
      ['--sidecar-for', 'web'],
      ['--sidecar-for', 'web'],
    ],
    [
      ['-t', 'x'],
      ['-t', 'x'],
    ],
    [['-help'], ['--help']],
    [['-unknown'], ['-unknown']],
    [
      ['--', '-token'],
      ['--', '-token'],
    ],
  ])('turns %j into %j', (given, expected) => expect(acceptSingleDash(given, program)).toEqual(expected));
});
