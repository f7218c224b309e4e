/** An administrative act, or a refused attempt at one: `GET /v1/audit`. */
export interface AuditEntry {
  readonly Seq: number;
  readonly At: string;
  readonly Datacenter: string;
  readonly Server: string;
  readonly ServerSeq: number;
  readonly AccessorID: string;
  readonly TokenName: string;
  readonly RemoteAddress: string;
  readonly Action: string;
  readonly Method: string;
  readonly Path: string;
  readonly Target: string;
  readonly Result: 'ok' | 'denied' | 'failed';
  readonly Code: string;
  readonly Before: unknown;
  readonly After: unknown;
  readonly PrevHash: string;
  readonly Hash: string;
}
