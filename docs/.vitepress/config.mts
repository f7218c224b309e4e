// The documentation as a site: the Markdown of this folder, nothing generated twice. `npm run docs:build` in the folder above.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { linksThatStay } from './links-that-stay.mts';

const docs = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The first heading of a page. */
const titleOf = (path: string): string => {
  const title = /^# (.+)$/m.exec(readFileSync(join(docs, path), 'utf8'))?.[1];
  if (title === undefined) throw new Error(`docs/${path} has no heading`);
  return title.replaceAll('`', '');
};

/** Every page of a folder by its heading; in the order of `first`, then by name. */
const pagesOf = (folder: string, first: readonly string[] = []) => {
  const names = readdirSync(join(docs, folder)).filter((name) => name.endsWith('.md') && name !== 'README.md');
  const rest = names.filter((name) => !first.includes(name)).toSorted();
  return [...first, ...rest].map((name) => ({
    text: titleOf(`${folder}/${name}`),
    link: `/${folder}/${name.replace(/\.md$/, '')}`,
  }));
};

export default defineConfig({
  title: 'banyan',
  description: 'A control plane for a service mesh that spans datacenters.',
  lang: 'en',
  cleanUrls: false,
  rewrites: { ':folder/README.md': ':folder/index.md' },
  srcExclude: ['node_modules/**'],
  vite: { build: { chunkSizeWarningLimit: 4_000 } },
  markdown: { html: false, config: (markdown) => linksThatStay(markdown, docs) },
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Concepts', link: '/concepts/identity' },
      { text: 'How to', link: '/how-to/' },
      { text: 'Reference', link: '/reference/http-api' },
      { text: 'Runbooks', link: '/runbooks/' },
      { text: 'Security', link: '/security' },
    ],
    sidebar: [
      { text: 'Begin', items: [{ text: titleOf('tutorial.md'), link: '/tutorial' }] },
      { text: 'Concepts', items: pagesOf('concepts', ['identity.md', 'rotation.md', 'replication.md']) },
      { text: 'How to', collapsed: false, items: pagesOf('how-to', ['rotate-the-root.md', 'compromised-key.md']) },
      { text: 'Reference', items: pagesOf('reference', ['configuration.md', 'http-api.md']) },
      { text: 'Runbooks', collapsed: true, items: pagesOf('runbooks') },
      {
        text: 'How it is built',
        items: [
          { text: titleOf('architecture.md'), link: '/architecture' },
          { text: titleOf('security.md'), link: '/security' },
          { text: titleOf('contributing.md'), link: '/contributing' },
        ],
      },
      { text: 'Decisions', collapsed: true, items: pagesOf('decisions') },
    ],
  },
});
