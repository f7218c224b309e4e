import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { CheckDefinition, ServiceInstance } from '@banyan/catalog';
import { BanyanError, type Logger, messageOf } from '@banyan/kernel';
import { z } from 'zod';

/** A service that this agent holds, with its checks. */
export interface LocalService {
  readonly service: ServiceInstance;
  readonly checks: readonly CheckDefinition[];
  /** The service this one is the sidecar of. */
  readonly parentId?: string;
}

/** What every reader of a kept service relies on; the file is our own, so the rest of it is taken as it is. */
const kept = z.array(
  z.looseObject({
    service: z.looseObject({ ID: z.string().min(1), Service: z.string().min(1), Port: z.number() }),
    checks: z.array(
      z.looseObject({
        checkId: z.string().min(1),
        probe: z.looseObject({ kind: z.enum(['ttl', 'http', 'tcp', 'alias']) }),
      }),
    ),
    parentId: z.string().optional(),
  }),
);

/** The registered services across restarts. No token is in the file; it is replaced as a whole. */
export class ServicesFile {
  constructor(
    private readonly file: string,
    private readonly logger: Logger,
  ) {}

  /**
   * What was kept: nothing at the first start, nothing when the file is damaged (then it is put aside and the log says
   * so). Throws `CONFIG_INVALID` when the file is there but cannot be read: starting empty would deregister everything.
   */
  read(): readonly LocalService[] {
    const text = this.#text();
    if (text === undefined) return [];
    try {
      const services = JSON.parse(text) as LocalService[];
      kept.parse(services);
      return services;
    } catch (error) {
      if (!(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error;
      const aside = `${this.file}.damaged`;
      renameSync(this.file, aside);
      this.logger.error('the file of registered services is damaged and not used: register the services again', {
        file: aside,
        reason: error instanceof z.ZodError ? 'it does not follow its schema' : 'it is not JSON',
      });
      return [];
    }
  }

  write(services: readonly LocalService[]): void {
    writeFileSync(`${this.file}.next`, JSON.stringify(services), { mode: 0o600 });
    renameSync(`${this.file}.next`, this.file);
  }

  #text(): string | undefined {
    try {
      return readFileSync(this.file, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new BanyanError(
        'CONFIG_INVALID',
        `the file of registered services cannot be read: ${this.file}: ${messageOf(cause)}`,
        { cause },
      );
    }
  }
}
