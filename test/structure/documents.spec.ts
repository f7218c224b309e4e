import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FLOORS, TEST_ROOM } from './floors.js';
import { foldersIn, repositoryRoot, sourceFiles } from './source-files.js';

const ofTheRepository = ['README.md', 'CHANGELOG.md'].map((path) => ({
  path,
  text: readFileSync(join(repositoryRoot, path), 'utf8'),
}));
const documents = [...ofTheRepository, ...sourceFiles(['docs', 'libs'], ['.md'])];
const textOf = (path: string): string => documents.find((document) => document.path === path)!.text;

/** Targets of Markdown links, without web addresses and anchors. */
const linksIn = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1]!.split('#')[0]!)
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));

/** Anchors of a page's headings, as GitHub and the site make them. */
const anchorsOf = (path: string): string[] =>
  [...textOf(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

describe('documents', () => {
  it('link only to files that are there', () => {
    const links = documents.flatMap(({ path, text }) => linksIn(text).map((target) => ({ path, target })));
    expect(links.length).toBeGreaterThan(10);
    const broken = links.filter(({ path, target }) => !existsSync(join(repositoryRoot, dirname(path), target)));
    expect(broken).toEqual([]);
  });

  it('link only to headings that are there', () => {
    const links = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\(([^)\s]*)#([^)\s]+)\)/g)]
        .filter(([, target]) => !/^[a-z]+:/.test(target!))
        .map(([, target, anchor]) => ({
          path,
          to: target === '' ? path : join(dirname(path), target!),
          anchor: anchor!,
        })),
    );
    expect(links.length).toBeGreaterThan(0);
    const broken = links.filter(({ to, anchor }) => to.endsWith('.md') && !anchorsOf(to).includes(anchor));
    expect(broken).toEqual([]);
  });

  it('of the folder docs, list every page in its folder’s first page', () => {
    const first = documents.filter(({ path }) => /^docs\/[a-z-]+\/README\.md$/.test(path));
    expect(first.length).toBeGreaterThan(2);
    for (const { path, text } of first) {
      const listed = new Set(linksIn(text).map((target) => join(dirname(path), target)));
      const pages = documents.filter((each) => dirname(each.path) === dirname(path) && each.path !== path);
      expect(pages.map((each) => each.path).filter((page) => !listed.has(page))).toEqual([]);
    }
  });

  it('list every room on its floor', () => {
    const rows = [...textOf('docs/architecture.md').matchAll(/^\| (\d|–) \| `([a-z-]+)` \|/gm)];
    const listed = Object.fromEntries(
      rows.map(([, floor, room]) => [room!, floor === '–' ? undefined : Number(floor)]),
    );
    const onDisk = Object.fromEntries(
      foldersIn('libs').map((room) => [room, room === TEST_ROOM ? undefined : FLOORS[room]]),
    );
    expect(listed).toEqual(onDisk);
  });

  it('name only tests that are there', () => {
    const tests = new Set(
      [...sourceFiles(['libs', 'apps', 'test'], ['.spec.ts', '.integration.ts', '.e2e.ts'])].map(({ path }) =>
        path.replace(/^.*\//, '').replace(/\.ts$/, ''),
      ),
    );
    const named = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/(?<![a-z0-9-])([a-z0-9-]+\.(?:spec|integration|e2e))(?![a-z])/g)].map(([, name]) => ({
        path,
        name: name!,
      })),
    );
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter(({ name }) => !tests.has(name))).toEqual([]);
  });

  it('list every decision', () => {
    const listed = linksIn(textOf('docs/decisions/README.md')).toSorted();
    const onDisk = documents
      .map(({ path }) => /^docs\/decisions\/(\d{4}-.*)$/.exec(path)?.[1])
      .filter((name) => name !== undefined)
      .toSorted();
    expect(listed).toEqual(onDisk);
  });
});
