import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretText } from '@banyan/kernel';
import type { TlsMaterial } from '../../src/domain/tls-material.js';

export const TRUST_DOMAIN = '11111111-2222-3333-4444-555555555555.consul';
export const agentUri = (datacenter: string, node: string): string =>
  `spiffe://${TRUST_DOMAIN}/agent/client/dc/${datacenter}/id/${node}`;
export const serverUri = (datacenter: string, trustDomain = TRUST_DOMAIN): string =>
  `spiffe://${trustDomain}/agent/server/dc/${datacenter}`;

let serial = 0;

const openssl = (folder: string, args: readonly string[]): void => {
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
};

const inFolder = <T>(work: (folder: string) => T): T => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-rpc-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;

/** A root made by openssl, so that the transport is tested against certificates that are not our own code's. */
export class TestAuthority {
  private constructor(
    readonly rootPem: string,
    private readonly rootKey: string,
  ) {}

  static create(name: string, trustDomain = TRUST_DOMAIN): TestAuthority {
    return inFolder((folder) => {
      const config = `[req]\ndistinguished_name=dn\nx509_extensions=ca\nprompt=no\n[dn]\nCN=${name}\n[ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nsubjectAltName=URI:spiffe://${trustDomain}\n`;
      writeFileSync(join(folder, 'ca.cnf'), config);
      openssl(folder, [
        'req',
        '-x509',
        ...KEY,
        '-config',
        'ca.cnf',
        '-days',
        '30',
        '-keyout',
        'ca.key',
        '-out',
        'ca.pem',
      ]);
      return new TestAuthority(
        readFileSync(join(folder, 'ca.pem'), 'utf8'),
        readFileSync(join(folder, 'ca.key'), 'utf8'),
      );
    });
  }

  /** A leaf for the URIs given, with its key and this root as bundle. `days` may be negative. */
  issue(uris: string | readonly string[], { days = 2, bundlePem = this.rootPem } = {}): TlsMaterial {
    return inFolder((folder) => {
      const names = [uris].flat().map((uri) => `URI:${uri}`);
      writeFileSync(join(folder, 'leaf.cnf'), `[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=leaf\n`);
      writeFileSync(
        join(folder, 'leaf.ext'),
        `basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=${names.join(',')}\n`,
      );
      writeFileSync(join(folder, 'ca.pem'), this.rootPem);
      writeFileSync(join(folder, 'ca.key'), this.rootKey);
      openssl(folder, ['req', '-new', ...KEY, '-config', 'leaf.cnf', '-keyout', 'leaf.key', '-out', 'leaf.csr']);
      serial += 1;
      const sign = [
        'x509',
        '-req',
        '-in',
        'leaf.csr',
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-set_serial',
        String(1000 + serial),
      ];
      openssl(folder, [...sign, '-days', String(days), '-extfile', 'leaf.ext', '-out', 'leaf.pem']);
      return {
        certChainPem: readFileSync(join(folder, 'leaf.pem'), 'utf8'),
        keyPem: new SecretText(readFileSync(join(folder, 'leaf.key'), 'utf8')),
        bundlePem,
      };
    });
  }
}

/** A signing request made by openssl, and the key that must never be seen on the wire. */
export const signingRequest = (uri: string): { csrPem: string; keyPem: string } =>
  inFolder((folder) => {
    const config = `[req]\ndistinguished_name=dn\nreq_extensions=ext\nprompt=no\n[dn]\nCN=request\n[ext]\nsubjectAltName=URI:${uri}\n`;
    writeFileSync(join(folder, 'r.cnf'), config);
    openssl(folder, ['req', '-new', ...KEY, '-config', 'r.cnf', '-keyout', 'r.key', '-out', 'r.csr']);
    return { csrPem: readFileSync(join(folder, 'r.csr'), 'utf8'), keyPem: readFileSync(join(folder, 'r.key'), 'utf8') };
  });
