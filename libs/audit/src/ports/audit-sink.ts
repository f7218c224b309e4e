/** Where lines of a server's entries go beside the table. */
export abstract class AuditSink {
  /** For log lines: `file /var/log/banyan/audit.jsonl`. */
  abstract readonly name: string;
  /** The `ServerSeq` of the last line that stands there for good; undefined: only what comes from now on is wanted. */
  abstract last(): Promise<number | undefined>;
  /** Writes whole lines, each with its line break; resolves when they stand for good. */
  abstract write(lines: string): Promise<void>;
}
