import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SystemClock } from '@banyan/kernel';
import { VaultLab } from '../../../libs/ca-providers/test/vault-lab.js';
import { eventually, Hopeless } from './eventually.js';
import type { Mesh } from './mesh.js';
import { MeshProcess } from './mesh-process.js';

interface Place {
  readonly address: string;
  readonly caFile: string;
  readonly rootToken: string;
  readonly mount: string;
  readonly token: string;
}

/** A process that speaks Vault's wire format over TLS, with a mount for banyan's roots; worked on as its administrator. */
export class Vault {
  readonly #lab: VaultLab;

  private constructor(
    readonly process: MeshProcess,
    private readonly place: Place,
  ) {
    this.#lab = new VaultLab(place.address, place.caFile, place.rootToken, new SystemClock(), 'e2e');
  }

  static async start(mesh: Mesh): Promise<Vault> {
    const file = join(mesh.folder, 'vault.json');
    const env = { BANYAN_E2E_VAULT: file, TMPDIR: mesh.folder };
    const plan = { name: 'vault', entry: 'test/e2e/harness/vault-server.js', env };
    const process = mesh.watch(new MeshProcess(plan, join(mesh.folder, 'logs')));
    process.start();
    await eventually('Vault answers', { limitMs: 15_000 }, () => {
      if (!process.isRunning) throw new Hopeless(`it has ended: ${process.logTail(5)}`);
      if (!existsSync(file)) throw new Error('it does not listen yet');
    });
    const place = JSON.parse(readFileSync(file, 'utf8')) as Place;
    mesh.secrets.add("banyan's token of Vault", place.token);
    return new Vault(process, place);
  }

  /** The configuration that keeps the root here. */
  get order(): { readonly Provider: string; readonly Config: object } {
    const { address, caFile, mount, token } = this.place;
    return { Provider: 'vault', Config: { Address: address, CAFile: caFile, RootPKIPath: mount, Token: token } };
  }

  async seal(): Promise<void> {
    await this.#lab.admin('POST', 'sys/seal', {});
  }

  async unseal(): Promise<void> {
    await this.#lab.admin('POST', 'sys/unseal', { key: 'any' });
  }

  /** IDs of the issuers in the mount. */
  async issuers(): Promise<readonly string[]> {
    const { body } = await this.#lab.admin('LIST', `${this.place.mount}/issuers`);
    return (body as { data?: { keys?: readonly string[] } }).data?.keys ?? [];
  }

  async deleteIssuer(id: string): Promise<void> {
    await this.#lab.admin('DELETE', `${this.place.mount}/issuer/${id}`);
  }
}
