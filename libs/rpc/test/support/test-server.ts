import { Clock, type EpochMs, epochMs, Logger, SystemClock } from '@banyan/kernel';
import { freePort } from '@banyan/testkit';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  BootstrapController,
  BootstrapPort,
  LanController,
  LanPort,
  lanPeers,
  type PeerRule,
  RotatingIdentity,
  rpcEdge,
  WanController,
  WanPort,
  wanPeers,
} from '../../src/index.js';
import { TRUST_DOMAIN } from './test-authority.js';
import { TestBootstrap, TestLan, TestWan } from './test-ports.js';

/** The machine's clock, moved by `offsetMs`. */
export class ShiftedClock extends Clock {
  offsetMs = 0;
  readonly #system = new SystemClock();
  override now(): EpochMs {
    return epochMs(this.#system.now() + this.offsetMs);
  }
}

/** Keeps what was logged. */
export class KeptLog extends Logger {
  readonly lines: string[] = [];
  override debug(): void {}
  override info(): void {}
  override warn(): void {}
  override error(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.lines.push(`${message} ${JSON.stringify(fields)}`);
  }
}

/** Both edges of a server in one Nest application, as the apps compose them. */
export class TestServer {
  readonly bootstrap = new TestBootstrap();
  readonly lan = new TestLan();
  readonly wan = new TestWan();
  readonly log = new KeptLog();
  readonly clock = new ShiftedClock();
  #app: INestApplication | undefined;

  private constructor(
    readonly identity: RotatingIdentity,
    readonly lanAddress: string,
    readonly wanAddress: string,
  ) {}

  static async start(
    identity: RotatingIdentity,
    datacenter = 'dc1',
    at: { lanPort?: number } = {},
  ): Promise<TestServer> {
    const lanPort = at.lanPort ?? (await freePort());
    const server = new TestServer(identity, `127.0.0.1:${lanPort}`, `127.0.0.1:${await freePort()}`);
    const providers = [
      { provide: BootstrapPort, useValue: server.bootstrap },
      { provide: LanPort, useValue: server.lan },
      { provide: WanPort, useValue: server.wan },
      { provide: Logger, useValue: server.log },
    ];
    class ServerModule {}
    Module({ controllers: [BootstrapController, LanController, WanController], providers })(ServerModule);
    const app = await NestFactory.create(ServerModule, new FastifyAdapter(), { logger: false, abortOnError: false });
    server.#app = app;
    const place = { trustDomain: TRUST_DOMAIN, datacenter };
    server.#connect(
      'lan',
      server.lanAddress,
      lanPeers(() => place),
    );
    server.#connect(
      'wan',
      server.wanAddress,
      wanPeers(() => place),
    );
    await app.startAllMicroservices();
    return server;
  }

  async stop(): Promise<void> {
    await this.#app?.close();
  }

  #connect(edge: 'lan' | 'wan', url: string, rule: PeerRule): void {
    this.#app?.connectMicroservice(rpcEdge({ edge, url, identity: this.identity, rule, clock: this.clock }));
  }
}

/** Lets sockets and timers have their turn. */
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Polls until `holds`; the test's own limit is what fails it otherwise. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await pause();
};
