import { BanyanError } from '@banyan/kernel';

/** What of a request tells whether a browser made it, and for whom. Header values as they came. */
export interface BrowserView {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly site: string | undefined;
  readonly referer: string | undefined;
  readonly userAgent: string | undefined;
}

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^\[[0-9a-f:.]+\]$/;

/** The name in a `Host` header, in lower case and without its port. */
const nameOf = (host: string): string => host.toLowerCase().replace(/:\d{1,5}$/, '');

/**
 * Whether nobody outside can make the name point here: addresses, this machine, names without a dot (those of containers
 * and search domains), and names that were configured. Every other name may belong to a page that had its DNS changed to
 * this server's address, and whose script would then count as of this origin (DNS rebinding).
 */
export const isOwnHost = (host: string, configured: ReadonlySet<string>): boolean => {
  const name = nameOf(host);
  return (
    IPV4.test(name) ||
    IPV6.test(name) ||
    (name !== '' && !name.includes('.')) ||
    name.endsWith('.localhost') ||
    configured.has(name)
  );
};

/** Whether a browser sent it: other clients have none of these, and a page cannot take all of them away. */
export const isBrowser = ({
  origin,
  site,
  referer,
  userAgent,
}: Pick<BrowserView, 'origin' | 'site' | 'referer' | 'userAgent'>): boolean =>
  origin !== undefined || site !== undefined || referer !== undefined || userAgent?.startsWith('Mozilla/') === true;

const READS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Why a browser's request is refused; undefined for one that is not, and for every other client. */
export const refusalOfBrowser = (view: BrowserView, configured: ReadonlySet<string>): BanyanError | undefined => {
  if (!isBrowser(view) && !isPage(view.path)) return undefined;
  if (!isOwnHost(view.host ?? '', configured)) {
    return new BanyanError(
      'HOST_NOT_ALLOWED',
      'This name is not one that this server answers browsers under: add it to BANYAN_UI_HOSTS, or use its address',
    );
  }
  if (READS.has(view.method) || isSameOrigin(view)) return undefined;
  return new BanyanError('ORIGIN_NOT_ALLOWED', 'A page of another origin may not write here');
};

const isPage = (path: string): boolean => path === '/ui' || path.startsWith('/ui/');

/** The scheme is not compared: TLS may end before this server. */
const isSameOrigin = ({ origin, host, site }: BrowserView): boolean => {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === (host ?? '').toLowerCase();
};
