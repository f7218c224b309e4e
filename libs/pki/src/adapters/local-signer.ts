import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeySpec } from '../domain/keys/key-spec.js';
import { exportSpki, specOfSpki } from '../domain/keys/public-key.js';
import { CertificateSigner } from '../ports/certificate-signer.js';

const signInPool = promisify<string, Uint8Array, KeyObject, Buffer>(sign);

/** Signs with a private key in this process. Throws `KEY_UNSUPPORTED` and `KEY_TOO_WEAK` when made. */
export class LocalSigner extends CertificateSigner {
  override readonly spec: KeySpec;
  readonly #privateKey: KeyObject;

  constructor(privateKey: KeyObject) {
    super();
    this.spec = specOfSpki(exportSpki(createPublicKey(privateKey)));
    this.#privateKey = privateKey;
  }

  override async sign(tbs: Uint8Array): Promise<Uint8Array> {
    // EC takes 50 µs, less than a trip to the thread pool costs; RSA takes 1 to 6 ms and must not hold the loop.
    return this.spec.type === 'ec'
      ? sign('sha256', tbs, this.#privateKey)
      : signInPool('sha256', tbs, this.#privateKey);
  }
}
