import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BanyanError } from '@banyan/kernel';
import { pathOf } from './edge-adapter.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

/** What is compressed already gains nothing. */
const COMPRESSED = new Set(['.png', '.woff2']);

/**
 * Nothing from elsewhere and nothing inline; the page asks this server only. It is shown in no frame, sends no form, and
 * tells nobody where it was.
 */
const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

interface StaticFile {
  readonly bytes: Buffer;
  readonly gzipped: Buffer | undefined;
  readonly type: string;
  readonly etag: string;
}

/** Where the files are and under which path they are served. */
export interface StaticPages {
  /** A folder with an index.html; what is in `assets/` carries its content's hash in its name. */
  readonly folder: string;
  /** `/ui` */
  readonly prefix: string;
}

/**
 * Serves a built page from memory. The files are read again when its index.html is another one, so that a build beside a
 * running server shows. Paths that no file has are `ROUTE_NOT_FOUND`.
 */
export const serveStaticPages = (app: NestFastifyApplication, { folder, prefix }: StaticPages): void => {
  const files = new FolderFiles(folder);
  const instance = app.getHttpAdapter().getInstance();
  const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = pathOf(request.url).slice(prefix.length + 1);
    const name = path === '' ? 'index.html' : path;
    const file = files.find(name);
    if (file === undefined) throw missing(files.isThere);
    return send(request, reply.headers(PAGE_HEADERS), { name, file });
  };
  instance.get(prefix, (_request, reply) => reply.redirect(`${prefix}/`, 308));
  instance.get(`${prefix}/*`, answer);
};

const missing = (isThere: boolean): BanyanError =>
  new BanyanError(
    'ROUTE_NOT_FOUND',
    isThere ? 'There is no such file of the dashboard' : 'The dashboard was not built into this server: npm run build',
  );

const send = (
  request: FastifyRequest,
  reply: FastifyReply,
  { name, file }: { readonly name: string; readonly file: StaticFile },
): FastifyReply => {
  const isHashed = name.startsWith('assets/');
  reply
    .header('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    .header('ETag', file.etag);
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  reply.type(file.type).header('Vary', 'Accept-Encoding');
  const isGzipTaken = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (file.gzipped === undefined || !isGzipTaken) return reply.send(file.bytes);
  return reply.header('Content-Encoding', 'gzip').send(file.gzipped);
};

/** Files by the name they are asked for; a name is only ever looked up, so that no path leads out of the folder. */
class FolderFiles {
  #files: ReadonlyMap<string, StaticFile> = new Map();
  #readAt = -1;

  constructor(private readonly folder: string) {
    this.find('index.html');
  }

  get isThere(): boolean {
    return this.#files.size > 0;
  }

  find(name: string): StaticFile | undefined {
    const index = join(this.folder, 'index.html');
    // Only a page that is opened, or a part that is missing, can tell that there is another build.
    if (name === 'index.html' || !this.#files.has(name)) this.#readIfOther(index);
    return this.#files.get(name);
  }

  #readIfOther(index: string): void {
    const modifiedAt = existsSync(index) ? statSync(index).mtimeMs : -1;
    if (modifiedAt === this.#readAt) return;
    this.#readAt = modifiedAt;
    this.#files = modifiedAt === -1 ? new Map() : new Map(this.#read(''));
  }

  #read(below: string): readonly (readonly [string, StaticFile])[] {
    return readdirSync(join(this.folder, below), { withFileTypes: true }).flatMap((entry) => {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) return this.#read(name);
      return entry.isFile() ? [[name, fileOf(join(this.folder, name))] as const] : [];
    });
  }
}

const fileOf = (path: string): StaticFile => {
  const bytes = readFileSync(path);
  const ending = extname(path);
  return {
    bytes,
    gzipped: COMPRESSED.has(ending) ? undefined : gzipSync(bytes, { level: 9 }),
    type: TYPES[ending] ?? 'application/octet-stream',
    // Weak: the compressed form has the same.
    etag: `W/"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`,
  };
};
