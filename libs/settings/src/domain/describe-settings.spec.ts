import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { describeSettings } from './read-settings.js';
import { choice, hostPort, path, required, secret, toggle } from './setting-kinds.js';

const span = z
  .string()
  .default('10s')
  .transform((value) => value.length);

describe('describeSettings', () => {
  it.each([
    ['a fallback that is transformed', span, '10s', false],
    ['an address', hostPort('127.0.0.1:8510'), '127.0.0.1:8510', false],
    ['an address without fallback', hostPort(), 'required', false],
    ['a toggle', toggle(false), 'false', false],
    ['a choice', choice(['json', 'pretty'], 'json'), 'json', false],
    ['an optional path', path(), '', false],
    ['a required text', required(), 'required', false],
    ['a secret', secret(), '', true],
  ])('shows %s as it is written', (_name, kind, fallback, isSecret) => {
    const schema = z.object({ BANYAN_X: kind.describe('What it is for.') });
    expect(describeSettings(schema)).toEqual([
      { name: 'BANYAN_X', description: 'What it is for.', fallback, secret: isSecret },
    ]);
  });
});
