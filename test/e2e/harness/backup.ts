import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Datacenter } from './datacenter.js';

/** The folder of a datacenter's embedded database as it was at a moment, with the owners that PostgreSQL insists on. */
export class Backup {
  private constructor(
    private readonly datacenter: Datacenter,
    private readonly copy: string,
  ) {}

  /** Stops the server (its database stops with it), copies, and starts it again. */
  static async take(datacenter: Datacenter): Promise<Backup> {
    const backup = new Backup(datacenter, join(datacenter.dataDir, 'backup'));
    await datacenter.server.stop();
    execFileSync('cp', ['-a', backup.#cluster, backup.copy]);
    datacenter.server.start();
    await datacenter.serverReady();
    return backup;
  }

  /** Puts the copy into the data folder of another server. */
  copyTo(dataDir: string): void {
    mkdirSync(join(dataDir, 'postgres'), { recursive: true });
    execFileSync('cp', ['-a', this.copy, join(dataDir, 'postgres', 'cluster')]);
  }

  /** Puts the copy in the place of the database, and starts the server on it. */
  async restore(): Promise<void> {
    await this.datacenter.server.stop();
    rmSync(this.#cluster, { recursive: true });
    execFileSync('cp', ['-a', this.copy, this.#cluster]);
    this.datacenter.server.start();
    await this.datacenter.serverReady();
  }

  get #cluster(): string {
    return join(this.datacenter.dataDir, 'postgres', 'cluster');
  }
}
