// What is recorded
export type { ActFacts, AuditRecord, AuditResult } from './domain/audit-record.js';
export { AuditAct, type ActOutcome, outcomeOf } from './domain/audit-act.js';
export { recordedAct } from './domain/recorded-act.js';
export { AuditRecorder } from './ports/audit-recorder.js';
// The trail and its proof
export {
  type AuditEntry,
  auditGenesis,
  auditHash,
  fromWireAudit,
  toWireAudit,
  type WireAudit,
} from './domain/audit-entry.js';
export type { AuditBeginning, AuditBreak, ServerPlaces } from './domain/audit-check.js';
export { AuditLines, type AuditLinesOptions, type AuditLinesProof, verifyAuditLines } from './domain/audit-lines.js';
export { AuditSink } from './ports/audit-sink.js';
export { type AuditProof, type AuditQuestion, AuditReader } from './ports/audit-reader.js';
// PostgreSQL, and where entries go beside it
export { AuditCopier, type AuditCopierOptions } from './adapters/audit-copier.js';
export { AuditRetention, type AuditRetentionOptions } from './adapters/audit-retention.js';
export { type AuditCounts, AuditTrail, type AuditTrailOptions } from './adapters/audit-trail.js';
export { FileSink, type FileSinkOptions } from './adapters/file-sink.js';
export { NoAudit } from './adapters/no-audit.js';
export { StoreAuditReader } from './adapters/store-audit-reader.js';
export { StreamSink } from './adapters/stream-sink.js';
