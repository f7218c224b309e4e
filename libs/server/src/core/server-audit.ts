import {
  AuditCopier,
  type AuditReader,
  type AuditRecorder,
  type AuditSink,
  AuditTrail,
  FileSink,
  NoAudit,
  StoreAuditReader,
  StreamSink,
} from '@banyan/audit';
import type { Store } from '@banyan/store';
import type { HealthRegistry } from '@banyan/telemetry';
import type { AuditSettings } from './audit-settings.js';
import type { Ambient } from './datacenter-core.js';

/** What {@link ServerAudit} needs. */
export interface ServerAuditParts {
  readonly datacenter: string;
  readonly server: string;
  readonly store: Store;
  readonly settings: AuditSettings;
  readonly ambient: Ambient;
  readonly health: HealthRegistry;
}

/** The audit trail of a server: who records, who reads, and where entries go beside the table. */
export class ServerAudit {
  readonly recorder: AuditRecorder;
  readonly reader: AuditReader;
  /** Undefined when it is turned off. */
  readonly trail: AuditTrail | undefined;
  readonly #copiers: readonly AuditCopier[];

  constructor(parts: ServerAuditParts) {
    const { datacenter, server, store, settings, ambient, health } = parts;
    this.reader = new StoreAuditReader(store, datacenter);
    if (!settings.BANYAN_AUDIT) {
      this.recorder = new NoAudit();
      this.#copiers = [];
      ambient.logger.warn('nothing is recorded in the audit trail: BANYAN_AUDIT is off');
      return;
    }
    const onFailure = settings.BANYAN_AUDIT_ON_FAILURE;
    this.trail = new AuditTrail({ datacenter, server, store, ...ambient, onFailure });
    this.recorder = this.trail;
    this.#copiers = sinksOf(settings).map((sink) => new AuditCopier({ store, server, sink, ...ambient }));
    for (const copier of this.#copiers) this.trail.copiedBy(copier);
    const { trail } = this;
    health.register('audit', () => ({ ok: true, ...(trail.note !== undefined && { note: trail.note }) }));
  }

  start(): void {
    for (const copier of this.#copiers) copier.start();
  }

  /** Records what was only counted, and lets the copiers finish. */
  async stop(): Promise<void> {
    await this.trail?.stop();
    await Promise.all(this.#copiers.map((copier) => copier.stop()));
  }
}

const sinksOf = (settings: AuditSettings): AuditSink[] => {
  const { BANYAN_AUDIT_FILE: path, BANYAN_AUDIT_FILE_MAX_BYTES: mostBytes, BANYAN_AUDIT_FILE_KEEP: keep } = settings;
  return [
    ...(path === undefined ? [] : [new FileSink({ path, mostBytes, keep })]),
    ...(settings.BANYAN_AUDIT_STDOUT ? [new StreamSink('standard output', process.stdout)] : []),
  ];
};
