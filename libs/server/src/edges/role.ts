import type { TokenWriter } from '@banyan/acl';
import type { IntentionWriter } from '@banyan/intentions';
import type { CaConfigurationWriter, FederationDirectory, ReplicationDesk, RotationDesk } from '@banyan/http-api';
import type { SignIntermediateReply, SignIntermediateRequest, WanPort } from '@banyan/rpc';

/** Forwards to the application that is made after the role: requests carried by gRPC run through the same HTTP edge. */
export interface HttpEntrance {
  inject(request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
    readonly signal: AbortSignal;
    /** A request of an agent may still go to another datacenter; one from there never does. */
    readonly origin: 'agent' | 'datacenter';
    /** Where it came from, for what is recorded of it. */
    readonly from: string;
  }): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  }>;
}

/** Everything that differs between the primary and a secondary. Bound once, in the app. */
export interface ServerRole {
  readonly intentionWriter: IntentionWriter;
  readonly tokenWriter: TokenWriter;
  readonly configurationWriter: CaConfigurationWriter;
  readonly rotationDesk: RotationDesk;
  readonly replicationDesk: ReplicationDesk;
  readonly federation: FederationDirectory;
  readonly wan: WanPort;
  signIntermediate(request: SignIntermediateRequest, signal: AbortSignal): Promise<SignIntermediateReply>;
  /** What the role keeps running, from when the ports are open. */
  start(): void;
  stop(): Promise<void>;
}
