import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isBanyanError, type Logger } from '@banyan/kernel';
import type { KeyEncryption } from '@banyan/store';
import { z } from 'zod';

const stored = z.object({
  chainPem: z.string(),
  sealedKey: z.string(),
  bundlePem: z.string(),
  // Files of earlier versions have none.
  deniedKeys: z.array(z.string()).default([]),
  anchorHash: z.string().optional(),
});

/** The agent's certificate, key and bundle across restarts; the key is sealed. */
export interface IdentityMaterial {
  readonly chainPem: string;
  readonly keyPem: string;
  readonly bundlePem: string;
  /** Keys that nobody may believe, as the servers said last. */
  readonly deniedKeys: readonly string[];
  /** Of the anchor that was configured when it was enrolled: with another one, the kept bundle is no anchor itself. */
  readonly anchorHash?: string;
}

const CONTEXT = 'agent-identity';

/** Keeps the agent's identity in a file, so that a restart while no server answers does not lose it. */
export class StoredIdentity {
  constructor(
    private readonly file: string,
    private readonly keys: KeyEncryption,
    private readonly logger: Logger,
  ) {}

  /** What was kept; undefined at the first start, or when it cannot be opened (then the agent enrols again, and says so). */
  read(): IdentityMaterial | undefined {
    let text: string;
    try {
      text = readFileSync(this.file, 'utf8');
    } catch {
      return undefined;
    }
    try {
      const { chainPem, sealedKey, bundlePem, deniedKeys, anchorHash } = stored.parse(JSON.parse(text));
      const keyPem = this.keys.open(sealedKey, CONTEXT).toString('utf8');
      return { chainPem, bundlePem, deniedKeys, keyPem, ...(anchorHash !== undefined && { anchorHash }) };
    } catch (error) {
      this.logger.warn('the stored identity cannot be used: the agent enrols again', {
        file: this.file,
        code: isBanyanError(error) ? error.code : 'REQUEST_INVALID',
      });
      return undefined;
    }
  }

  write({ keyPem, ...kept }: IdentityMaterial): void {
    mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
    const text = JSON.stringify({ ...kept, sealedKey: this.keys.seal(keyPem, CONTEXT) });
    writeFileSync(`${this.file}.next`, text, { mode: 0o600 });
    renameSync(`${this.file}.next`, this.file);
  }
}
