import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgres } from '@banyan/store';
import type { ServerPlace } from './datacenter.js';
import { freeAddress } from '@banyan/testkit';

/** What a datacenter needs for a second server: its addresses, and a database that outlives any one server. */
export class SecondServer {
  private constructor(
    private readonly postgres: EmbeddedPostgres,
    readonly parts: { readonly servers: readonly ServerPlace[]; readonly databaseUrl: string },
  ) {}

  static async layOut(folder: string, datacenter: string): Promise<SecondServer> {
    const dataDir = join(folder, `${datacenter}-postgres`);
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o711); // PostgreSQL runs as another user when the tests run as root
    const postgres = await EmbeddedPostgres.start({ dataDir });
    const wan = await freeAddress();
    const place = { serverHttp: await freeAddress(), lan: await freeAddress(), wan, wanAdvertise: wan };
    return new SecondServer(postgres, { servers: [place], databaseUrl: postgres.url });
  }

  stop(): Promise<void> {
    return this.postgres.stop();
  }
}
