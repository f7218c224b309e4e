import { dirname, join, normalize } from 'node:path';

/** What is used of markdown-it, which VitePress gives. */
interface Token {
  type: string;
  tag: string;
  attrGet(name: string): string | null;
  attrs: [string, string][] | null;
  children: Token[] | null;
}
interface Markdown {
  core: { ruler: { push(name: string, rule: (state: { tokens: Token[]; env: { path?: string } }) => void): void } };
}

/** Links that leave docs/ (a room's page, a compose file) lead nowhere on the site: their text stays, the link goes. */
export const linksThatStay = (markdown: Markdown, docs: string): void => {
  markdown.core.ruler.push('links-that-stay', ({ tokens, env }) => {
    const folder = dirname(env.path ?? docs);
    const leaves = (target: string): boolean =>
      !/^([a-z]+:|#|\/)/.test(target) && !normalize(join(folder, target)).startsWith(`${docs}/`);
    for (const { children } of tokens) {
      let open = false;
      for (const token of children ?? []) {
        if (token.type === 'link_open' && leaves(token.attrGet('href') ?? '')) open = true;
        else if (!open || token.type !== 'link_close') continue;
        if (token.type === 'link_close') open = false;
        token.tag = 'span';
        token.attrs = null;
      }
    }
  });
};
