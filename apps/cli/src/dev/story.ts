import { readFileSync } from 'node:fs';
import { BanyanError, messageOf, type Timers } from '@banyan/kernel';
import { anything, JsonClient } from './json-client.js';
import type { Narrator } from './narrator.js';
import type { ProcessGroup } from './process-group.js';
import { until, untilReady, type Wait } from './readiness.js';
import type { DevSecrets } from './secrets.js';
import { apiRegistration, webRegistration } from './services.js';
import type { DevSettings } from './settings.js';
import { type IntentionAnswer, intentionShape, leafShape, rootsShape } from './shapes.js';
import type { ServedPlan, Topology } from './topology.js';

/** The first start makes a database, keys and certificates in each datacenter. */
const READY_LIMIT_MS = 60_000;
const READY_PAUSE_MS = 100;
const INTENTION_PATH = '/v1/connect/intentions/exact?source=web&destination=api';

export interface StoryParts {
  readonly settings: DevSettings;
  readonly secrets: DevSecrets;
  readonly topology: Topology;
  readonly group: ProcessGroup;
  readonly narrator: Narrator;
  readonly timers: Timers;
  readonly nowMs: () => number;
  /** Ends every wait when the run is stopped. */
  readonly signal: AbortSignal;
}

/** Brings two datacenters from nothing to the first request through the mesh, and shows what each step proves. */
export class Story {
  readonly #wait: Wait;
  readonly #dc1Agent: JsonClient;
  readonly #dc2Agent: JsonClient;

  constructor(private readonly parts: StoryParts) {
    const { timers, signal, nowMs, topology } = parts;
    this.#wait = { timers, signal, nowMs, limitMs: READY_LIMIT_MS, pauseMs: READY_PAUSE_MS };
    this.#dc1Agent = new JsonClient(topology.dc1Agent.httpAddress);
    this.#dc2Agent = new JsonClient(topology.dc2Agent.httpAddress);
  }

  async tell(): Promise<void> {
    await this.#startPrimary();
    await this.#startSecondary();
    await this.#startServices();
    await this.#allowWebToCallApi();
    await this.#startProxies();
    await this.#sendFirstRequest();
  }

  async #startServed(plan: ServedPlan): Promise<void> {
    this.parts.narrator.step(`starting ${plan.name} on http://${plan.httpAddress}`);
    const started = this.parts.group.start(plan);
    try {
      await untilReady(this.#wait, plan.name, new JsonClient(plan.httpAddress));
    } catch (error) {
      if (!(error instanceof BanyanError) || error.code !== 'TIMEOUT') throw error;
      throw new BanyanError('TIMEOUT', `${error.message}\n${started.logExcerpt()}`, { cause: error });
    }
  }

  async #startPrimary(): Promise<void> {
    const { topology, narrator } = this.parts;
    await this.#startServed(topology.dc1Server);
    const roots = await this.#showSigner(topology.dc1Server, 'dc1');
    narrator.learned(`trust domain ${roots.TrustDomain}`);
    const fingerprint = readFileSync(topology.rootFingerprintFile, 'utf8').trim();
    narrator.learned(`root fingerprint (SHA-256) ${fingerprint}; dc2 and both agents pin it`);
    await this.#startServed(topology.dc1Agent);
  }

  async #startSecondary(): Promise<void> {
    const { topology } = this.parts;
    await this.#startServed(topology.dc2Server);
    await this.#showSigner(topology.dc2Server, 'dc2');
    await this.#startServed(topology.dc2Agent);
  }

  async #showSigner(plan: ServedPlan, datacenter: string): Promise<{ readonly TrustDomain: string }> {
    const roots = await new JsonClient(plan.httpAddress).ask({ path: '/v1/connect/ca/roots', shape: rootsShape });
    const active = roots.Roots.find((root) => root.Active);
    if (active === undefined) throw new BanyanError('INTERNAL', `${plan.name} lists no active root`);
    this.parts.narrator.learned(
      `${datacenter} signs with its own intermediate, key ${active.SigningKeyID.slice(0, 23)}…, under root ${active.ID.slice(0, 23)}…`,
    );
    return roots;
  }

  async #startServices(): Promise<void> {
    const { settings, secrets, topology, group, narrator } = this.parts;
    narrator.step('starting the demo services web (dc1) and api (dc2), registering each with its sidecar');
    group.start(topology.api);
    group.start(topology.web);
    const register = { method: 'PUT', path: '/v1/agent/service/register', shape: anything } as const;
    await this.#dc2Agent.ask({ ...register, token: secrets.tokens['service-api'], body: apiRegistration(settings) });
    await this.#dc1Agent.ask({ ...register, token: secrets.tokens['service-web'], body: webRegistration(settings) });
  }

  async #allowWebToCallApi(): Promise<void> {
    const { secrets, narrator } = this.parts;
    const token = secrets.tokens.management;
    narrator.step('allowing web → api through dc2, which forwards the write to the primary');
    await this.#dc2Agent.ask({
      method: 'PUT',
      path: INTENTION_PATH,
      token,
      shape: anything,
      body: { SourceType: 'consul', Action: 'allow' },
    });
    for (const [datacenter, agent] of [['dc2', this.#dc2Agent] as const, ['dc1', this.#dc1Agent] as const]) {
      const shown = await this.#readIntention(agent, datacenter);
      narrator.learned(
        `${datacenter} has it: ${shown.SourceName} → ${shown.DestinationName} ${shown.Action}, index ${shown.ModifyIndex}`,
      );
    }
  }

  #readIntention(agent: JsonClient, datacenter: string): Promise<IntentionAnswer> {
    const token = this.parts.secrets.tokens.management;
    return until(this.#wait, `waiting for the intention in ${datacenter}`, async () => {
      try {
        return { value: await agent.ask({ path: INTENTION_PATH, token, shape: intentionShape }) };
      } catch (error) {
        return { notYet: messageOf(error) };
      }
    });
  }

  async #startProxies(): Promise<void> {
    const { secrets, topology, group, narrator } = this.parts;
    const leaf = await this.#dc1Agent.ask({
      path: '/v1/agent/connect/ca/leaf/web',
      token: secrets.tokens['service-web'],
      shape: leafShape,
    });
    narrator.step('starting the sidecars (banyan connect proxy)');
    narrator.learned(`web has a leaf: ${leaf.ServiceURI}`);
    narrator.learned(`serial ${leaf.SerialNumber}, valid until ${leaf.ValidBefore}`);
    group.start(topology.apiProxy);
    group.start(topology.webProxy);
  }

  async #sendFirstRequest(): Promise<void> {
    const { settings, narrator, nowMs } = this.parts;
    const address = `127.0.0.1:${settings.ports.web.port}`;
    narrator.step(`asking web (http://${address}/), which asks api in dc2 through both sidecars`);
    const client = new JsonClient(address);
    await until(this.#wait, 'the first request through the mesh', async () => {
      const sentMs = nowMs();
      const answer = await client.probe('/');
      if (answer?.status !== 200) return { notYet: answer === undefined ? 'no answer of web' : answer.text.trim() };
      narrator.learned(
        `200 in ${(nowMs() - sentMs).toFixed(1)} ms, over mutual TLS: ${JSON.stringify(JSON.parse(answer.text))}`,
      );
      return { value: undefined };
    });
  }
}
