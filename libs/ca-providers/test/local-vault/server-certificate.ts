import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const run = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });

/** A CA and a certificate for 127.0.0.1 and `vault.test` under it, made by openssl; valid for a day. */
export const serverCertificate = () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-tls-'));
  const at = (name: string): string => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  try {
    run(
      'req',
      '-x509',
      ...key,
      '-keyout',
      at('ca.key'),
      '-out',
      at('ca.pem'),
      '-days',
      '1',
      '-subj',
      '/CN=test vault ca',
    );
    run('req', ...key, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=test vault');
    writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:vault.test');
    const signer = [
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
      '-days',
      '1',
      '-extfile',
      at('names'),
    ];
    run('x509', '-req', '-in', at('server.csr'), '-out', at('server.pem'), ...signer);
    const [caPem, keyPem, certificatePem] = ['ca.pem', 'server.key', 'server.pem'].map((name) =>
      readFileSync(at(name), 'utf8'),
    );
    return { caPem: caPem!, keyPem: keyPem!, certificatePem: certificatePem! };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
