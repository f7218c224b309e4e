import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release } from 'node:os';

/** What a figure was measured on; without it a ratio cannot be compared with another run's. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  /** The OpenSSL that Node carries. */
  readonly nodeOpenssl: string;
  /** The OpenSSL of the command line, whose `speed` is the limit. */
  readonly openssl: string;
  readonly banyan: string;
}

const versionOfBanyan = (): string => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
};

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  system: `${platform()} ${release()} ${arch()}`,
  node: process.versions.node,
  nodeOpenssl: process.versions.openssl,
  openssl: execFileSync('openssl', ['version'], { encoding: 'utf8' }).trim(),
  banyan: versionOfBanyan(),
});
