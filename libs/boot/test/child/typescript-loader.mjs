// Lets a plain `node` run the rooms' TypeScript: maps @banyan/<room> and .js to sources, and compiles them as jest does.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const libs = new URL('../../../', import.meta.url);

export const resolve = (specifier, context, next) => {
  const room = /^@banyan\/([a-z-]+)$/.exec(specifier)?.[1];
  if (room !== undefined)
    return { url: new URL(`${room}/src/index.ts`, libs).href, format: 'module', shortCircuit: true };
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL?.endsWith('.ts')) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL).href;
    return { url, format: 'module', shortCircuit: true };
  }
  return next(specifier, context);
};

export const load = async (url, context, next) => {
  if (!url.endsWith('.ts')) return next(url, context);
  const file = fileURLToPath(url);
  const { code } = await transform(readFileSync(file, 'utf8'), { filename: file, swcrc: true });
  return { format: 'module', source: code, shortCircuit: true };
};
