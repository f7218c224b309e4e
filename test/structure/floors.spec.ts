import { describe, expect, it } from '@jest/globals';
import { importsOf } from './code-text.js';
import { EXEMPTIONS, FLOORS, importFaults, TEST_ROOM } from './floors.js';
import { foldersIn, sourceFiles } from './source-files.js';

const fault = (path: string, text: string, exemptions = EXEMPTIONS) => importFaults([{ path, text }], exemptions);

describe('the house: rooms and floors', () => {
  it('has no import that breaks the rules', () => {
    // This folder's own files quote bad imports.
    const files = sourceFiles(['libs', 'apps', 'test'], ['.ts', '.tsx']).filter(
      ({ path }) => !path.startsWith('test/structure/'),
    );
    expect(files.length).toBeGreaterThan(10);
    expect(importFaults(files)).toEqual([]);
  });

  it('knows every room on disk', () => {
    const unknown = foldersIn('libs').filter((room) => room !== TEST_ROOM && FLOORS[room] === undefined);
    expect(unknown).toEqual([]);
  });

  it('lists only exemptions that are still used', () => {
    const files = sourceFiles(['libs']);
    const unused = EXEMPTIONS.filter(
      ({ from, to }) =>
        !files.some(({ path, text }) => path.startsWith(`libs/${from}/`) && importsOf(text).includes(`@banyan/${to}`)),
    );
    expect(unused).toEqual([]);
  });
});

describe('importFaults', () => {
  it.each([
    ['an import upwards', 'libs/store/src/a.ts', "import { x } from '@banyan/ca';", 'downwards only'],
    ['an import on one floor', 'libs/ca/src/a.ts', "import type { x } from '@banyan/acl';", 'one floor'],
    ['a deep import', 'libs/ca/src/a.ts', "import { x } from '@banyan/pki/src/x.js';", 'by its index only'],
    ['its own name', 'libs/ca/src/a.ts', "import { x } from '@banyan/ca';", 'relative paths'],
    ['an unknown room', 'libs/ca/src/a.ts', "import { x } from '@banyan/nowhere';", 'no room is called'],
    ['a path into another room', 'libs/ca/src/a.ts', "export * from '../../pki/src/x.js';", 'never by a path'],
    ['a path into an app', 'libs/ca/src/a.ts', "import('../../../apps/agent/src/x.js');", 'nobody imports an app'],
    ['an app in a test', 'test/e2e/a.ts', "import '../../apps/agent/src/main.js';", 'nobody imports an app'],
    ['one app in another', 'apps/cli/src/a.ts', "import { x } from '../../agent/src/x.js';", 'nobody imports an app'],
    ['a path out of the room', 'libs/ca/src/a.ts', "import { x } from '../../../test/x.js';", 'inside its room'],
    ['a room in the page', 'apps/dashboard/src/a.tsx', "import { x } from '@banyan/kernel';", 'imports no room'],
    ['testkit in production code', 'libs/ca/src/a.ts', "import { x } from '@banyan/testkit';", 'only test code'],
    ['testkit in an app', 'apps/cli/src/a.ts', "import { x } from '@banyan/testkit';", 'only test code'],
    ['test code in production code', 'libs/ca/src/a.ts', "import { x } from '../test/x.js';", 'imports test code'],
    ['Nest in domain/', 'libs/ca/src/domain/a.ts', "import { Injectable } from '@nestjs/common';", 'domain/ is pure'],
    ['a socket in domain/', 'libs/ca/src/domain/a.ts', "import net from 'node:net';", 'domain/ is pure'],
    ['files in domain/', 'libs/ca/src/domain/a.ts', "import { readFile } from 'fs/promises';", 'domain/ is pure'],
    ['TypeORM in domain/', 'libs/ca/src/domain/a.ts', "import { In } from 'typeorm';", 'domain/ is pure'],
    ['an adapter in domain/', 'libs/ca/src/domain/a.ts', "import { x } from '../adapters/x.js';", 'domain/ imports'],
    ['an adapter in ports/', 'libs/ca/src/ports/a.ts', "import { x } from '../adapters/x.js';", 'ports/ imports'],
    ['several lines', 'libs/store/src/a.ts', "import {\n  x,\n  y,\n} from\n  '@banyan/ca';", 'downwards only'],
    ['a type import', 'libs/store/src/a.ts', "type X = typeof import('@banyan/ca');", 'downwards only'],
    ['a re-export', 'libs/store/src/a.ts', "export { x } from '@banyan/ca';", 'downwards only'],
    ['require', 'libs/store/src/a.ts', "const x = require('@banyan/ca');", 'downwards only'],
  ])('finds %s', (_name, path, text, rule) => {
    expect(fault(path, text)).toEqual([expect.stringContaining(rule)]);
  });

  it.each([
    ['an import downwards', 'libs/ca/src/a.ts', "import { x } from '@banyan/pki';"],
    ['a relative import', 'libs/ca/src/adapters/a.ts', "import { x } from '../domain/x.js';"],
    ['testkit in a spec', 'libs/ca/src/domain/a.spec.ts', "import { x } from '@banyan/testkit';"],
    ['its own public file in a spec', 'libs/ca/src/domain/a.spec.ts', "import { x } from '@banyan/ca';"],
    ['a port in domain/', 'libs/ca/src/domain/a.ts', "import type { X } from '../ports/x.js';"],
    ['every room in testkit', 'libs/testkit/src/a.ts', "import { x } from '@banyan/http-api';"],
    ['every room in an app', 'apps/agent/src/a.ts', "import { x } from '@banyan/agent-api';"],
    ['keys in domain/', 'libs/pki/src/domain/a.ts', "import { sign } from 'node:crypto';"],
    ['files in the spec of a domain file', 'libs/pki/src/domain/a.spec.ts', "import { readFileSync } from 'node:fs';"],
    ['a comment', 'libs/store/src/a.ts', "// import { x } from '@banyan/ca';\n/* import '@banyan/acl'; */"],
  ])('allows %s', (_name, path, text) => {
    expect(fault(path, text)).toEqual([]);
  });

  it('allows a pair on one floor only in the direction that is listed', () => {
    const pair = [{ from: 'ca', to: 'acl', reason: 'for this test' }];
    expect(fault('libs/ca/src/a.ts', "import { x } from '@banyan/acl';", pair)).toEqual([]);
    expect(fault('libs/acl/src/a.ts', "import { x } from '@banyan/ca';", pair)).toHaveLength(1);
  });

  it('is not misled by a comment sign inside a string', () => {
    const text = "const glob = 'libs/*/src'; const url = 'http://x';\nimport { x } from '@banyan/ca'; // */";
    expect(fault('libs/store/src/a.ts', text)).toHaveLength(1);
  });
});
