import { createPrivateKey, createPublicKey, generateKeyPair, sign, X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const CURVES = { 256: 'P-256', 384: 'P-384', 521: 'P-521' };

/**
 * An example of a provider: a root's key lies in a file, encrypted with a passphrase, its certificate beside it. A provider
 * for a key service looks the same; only `sign` and the making of keys go over the network.
 */
class FileKeys {
  constructor(tools, directory, passphrase) {
    this.tools = tools;
    this.directory = directory;
    this.passphrase = passphrase;
  }

  async provide(request) {
    const name = request.rotationId;
    const found = await this.#read(`${name}.crt`);
    if (found !== undefined) return { certificatePem: found, keyReference: name };
    const key = await this.#makeKey(name, request.keySpec);
    const certificatePem = await this.tools.certifyRoot(request, key);
    await writeFile(join(this.directory, `${name}.crt`), certificatePem);
    return { certificatePem, keyReference: name };
  }

  async signIntermediate(keyReference, order) {
    return this.tools.certify(order.prepared, await this.#openKey(keyReference));
  }

  async crossSign(keyReference, order) {
    return this.tools.certify(order.prepared, await this.#openKey(keyReference));
  }

  async inspect(keyReference, certificatePem) {
    const stored = await this.#read(`${this.#safe(keyReference)}.crt`);
    if (stored === undefined) return { kind: 'drift', reason: `the certificate of ${keyReference} is gone` };
    const same = new X509Certificate(stored).fingerprint256 === new X509Certificate(certificatePem).fingerprint256;
    return same ? { kind: 'ready' } : { kind: 'drift', reason: `the certificate of ${keyReference} is another one` };
  }

  async destroy(keyReference) {
    const name = this.#safe(keyReference);
    for (const file of [`${name}.key`, `${name}.crt`]) await rm(join(this.directory, file), { force: true });
  }

  async #makeKey(name, { type, bits }) {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const options = type === 'ec' ? { namedCurve: CURVES[bits] } : { modulusLength: bits };
    const { privateKey } = await promisify(generateKeyPair)(type, options);
    const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: this.passphrase };
    await writeFile(join(this.directory, `${name}.key`), privateKey.export(encrypted), { mode: 0o600 });
    return this.#holder(privateKey);
  }

  async #openKey(keyReference) {
    const pem = await this.#read(`${this.#safe(keyReference)}.key`);
    if (pem === undefined) throw this.tools.error('PROVIDER_REFUSED', `there is no key ${keyReference} in Directory`);
    try {
      return this.#holder(createPrivateKey({ key: pem, passphrase: this.passphrase }));
    } catch (error) {
      throw this.tools.error('PROVIDER_REFUSED', `Passphrase does not open the key ${keyReference}: ${error.code}`);
    }
  }

  #holder(privateKey) {
    return {
      publicKeyPem: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }),
      sign: async (bytes) => sign('sha256', bytes, privateKey),
    };
  }

  #safe(keyReference) {
    if (/^[\w-]+$/.test(keyReference)) return keyReference;
    throw this.tools.error('PROVIDER_REFUSED', 'the key reference was not written by this provider');
  }

  async #read(name) {
    try {
      return await readFile(join(this.directory, name), 'utf8');
    } catch (error) {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

export default (tools) => ({
  optionNames: ['Directory', 'Passphrase'],
  secretNames: ['Passphrase'],
  identityNames: ['Directory'],
  open: ({ Directory: directory, Passphrase: passphrase }) => {
    if (typeof directory !== 'string') throw tools.error('CA_CONFIG_INVALID', 'Directory is missing');
    if (typeof passphrase !== 'string') throw tools.error('CA_CONFIG_INVALID', 'Passphrase is missing');
    return new FileKeys(tools, directory, passphrase);
  },
});
