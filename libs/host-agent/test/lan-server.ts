import { type EpochMs, epochMs, HOUR, Logger, SecretText, SilentLogger, SystemClock } from '@banyan/kernel';
import {
  BootstrapController,
  BootstrapPort,
  type EnrolAgentReply,
  type EnrolAgentRequest,
  type HeartbeatReply,
  type HeartbeatRequest,
  type HttpReply,
  LanController,
  LanPort,
  lanPeers,
  type RenewAgentReply,
  type RenewAgentRequest,
  type ResolveTokenReply,
  type RootsReply,
  RotatingIdentity,
  rpcEdge,
  type SignIntermediateReply,
  type SignLeafReply,
  type WatchEvent,
} from '@banyan/rpc';
import { BanyanError } from '@banyan/kernel';
import { freePort, TestAuthority } from '@banyan/testkit';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

export const TRUST_DOMAIN = '11111111-2222-3333-4444-555555555555.consul';
const notHere = (): never => {
  throw new BanyanError('REQUEST_INVALID', 'this server has no such thing');
};

/** A server's Bootstrap and LAN services: real edge and real certificates, with answers the test decides about. */
export class LanServer {
  readonly identity = new RotatingIdentity();
  readonly tokensSeen: string[] = [];
  readonly beats: HeartbeatRequest[] = [];
  renewals = 0;
  knows = true;
  transitions: NonNullable<RootsReply['transitions']> = [];
  /** How far this server's clock is ahead of the machine's. */
  aheadMs = 0;
  leafLifetimeMs: number = HOUR;
  defaultPolicy: 'allow' | 'deny' | '' = 'deny';
  /** Thrown by renewals and heartbeats when set. */
  refusal: BanyanError | undefined;
  #app: INestApplication | undefined;

  private constructor(
    public authority: TestAuthority,
    readonly port: number,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  static async start(authority: TestAuthority): Promise<LanServer> {
    const server = new LanServer(authority, await freePort());
    await server.rotate(authority);
    const providers = [
      { provide: BootstrapPort, useValue: server.#bootstrap() },
      { provide: LanPort, useValue: server.#lan() },
      { provide: Logger, useValue: new SilentLogger() },
    ];
    class ServerModule {}
    Module({ controllers: [BootstrapController, LanController], providers })(ServerModule);
    const app = await NestFactory.create(ServerModule, new FastifyAdapter(), { logger: false, abortOnError: false });
    const rule = lanPeers(() => ({ trustDomain: TRUST_DOMAIN, datacenter: 'dc1' }));
    const clock = new SystemClock();
    app.connectMicroservice(rpcEdge({ edge: 'lan', url: server.address, identity: server.identity, rule, clock }));
    await app.startAllMicroservices();
    server.#app = app;
    return server;
  }

  /** Signs with another authority from now on, and proves itself by it; `older` ones stay trusted. */
  async rotate(authority: TestAuthority, older: readonly TestAuthority[] = []): Promise<void> {
    this.authority = authority;
    const { certificatePem, privateKeyPem } = await authority.leaf(`spiffe://${TRUST_DOMAIN}/agent/server/dc/dc1`);
    const bundlePem = [authority, ...older].map(({ root }) => root.pem).join('');
    this.identity.rotate({ certChainPem: certificatePem, keyPem: new SecretText(privateKeyPem.reveal()), bundlePem });
  }

  async stop(): Promise<void> {
    await this.#app?.close();
  }

  #now(): EpochMs {
    return epochMs(new SystemClock().now() + this.aheadMs);
  }

  #bootstrap(): BootstrapPort {
    return {
      roots: async (): Promise<RootsReply> => ({
        trustDomain: TRUST_DOMAIN,
        datacenter: 'dc1',
        rootPems: [this.authority.root.pem],
        transitions: this.transitions,
        serverMs: this.#now(),
      }),
      enrolAgent: async ({ token, csrPem }: EnrolAgentRequest): Promise<EnrolAgentReply> => {
        this.tokensSeen.push(token.reveal());
        return this.#signed(csrPem);
      },
      signIntermediate: async (): Promise<SignIntermediateReply> => notHere(),
    };
  }

  #lan(): LanPort {
    return {
      signLeaf: async (): Promise<SignLeafReply> => notHere(),
      renewAgent: async ({ csrPem }: RenewAgentRequest): Promise<RenewAgentReply> => {
        if (this.refusal !== undefined) throw this.refusal;
        this.renewals += 1;
        return this.#signed(csrPem);
      },
      forward: async (): Promise<HttpReply> => notHere(),
      watch: (): AsyncIterable<WatchEvent> => notHere(),
      resolveToken: async (): Promise<ResolveTokenReply> => notHere(),
      heartbeat: async (request: HeartbeatRequest): Promise<HeartbeatReply> => {
        if (this.refusal !== undefined) throw this.refusal;
        this.beats.push(request);
        const serverMs = request.observedMs - 5_000;
        return { serverMs, defaultIntentionPolicy: this.defaultPolicy, known: this.knows, reissueSpreadMs: 700 };
      },
    };
  }

  async #signed(csrPem: string): Promise<{ certificatePem: string; bundleJson: string }> {
    const certificatePem = await this.authority.sign(csrPem, { lifetimeMs: this.leafLifetimeMs, now: this.#now() });
    return { certificatePem, bundleJson: this.authority.rootsAnswer() };
  }
}
