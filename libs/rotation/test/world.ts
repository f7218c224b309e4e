import { type EpochMs, epochMs } from '@banyan/kernel';
import type { DatacenterEvidence } from '@banyan/rotation';
import type { RotationEffect } from '../src/domain/event.js';
import { laggard, T0 } from './federation.js';

interface Agent {
  readonly node: string;
  live: boolean;
  bundle: readonly string[];
  /** One leaf, and when it ends. */
  leaf: { rootId: string; endsAt: number };
  seenAt: number;
}

interface Datacenter {
  readonly name: string;
  bundle: readonly string[];
  signingRootId: string;
  stagedRootId?: string;
  failed: number;
  readonly horizons: Map<string, number>;
  readonly agents: readonly Agent[];
}

export type RootState = 'next' | 'active' | 'inactive';

const LEAF_MS = 3_600_000;

/**
 * A federation that does what banyan's processes do, each at its own pace: datacenters follow the roots, agents follow
 * their datacenter, and what the rotation sees of them is what they last reported.
 */
export class World {
  readonly roots = new Map<string, RootState>([['R1', 'active']]);
  readonly datacenters: readonly Datacenter[];
  readonly #reports = new Map<string, DatacenterEvidence>();
  #now: number = T0;

  constructor(names: readonly string[]) {
    this.datacenters = names.map((name) => ({
      name,
      bundle: ['R1'],
      signingRootId: 'R1',
      failed: 0,
      horizons: new Map([['R1', this.#now + LEAF_MS]]),
      agents: ['n1', 'n2'].map((node) => ({
        node,
        live: true,
        bundle: ['R1'],
        leaf: { rootId: 'R1', endsAt: this.#now + LEAF_MS },
        seenAt: this.#now,
      })),
    }));
  }

  get now(): EpochMs {
    return epochMs(this.#now);
  }

  get activeRootId(): string {
    return [...this.roots].find(([, state]) => state === 'active')![0];
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  /** The primary's root rows change only so; an effect that does not fit them is a defect of the machine. */
  apply(effect: RotationEffect): void {
    if (effect.kind === 'deny-key') throw new Error('a rotation of the root denies no key of a datacenter');
    const { rootId } = effect;
    const state = this.roots.get(rootId);
    const active = this.activeRootId;
    if (effect.kind === 'publish') {
      if (state !== undefined || [...this.roots.values()].includes('next')) throw new Error(`cannot publish ${rootId}`);
      this.roots.set(rootId, 'next');
      return;
    }
    if (effect.kind === 'activate') {
      if (state !== 'next') throw new Error(`cannot activate ${rootId}: ${state}`);
      this.roots.set(active, 'inactive').set(rootId, 'active');
      return;
    }
    if (effect.kind === 'reactivate') {
      if (state !== 'inactive' || effect.insteadOf !== active) throw new Error(`cannot reactivate ${rootId}: ${state}`);
      this.roots.set(active, 'inactive').set(rootId, 'active');
      return;
    }
    if (state === undefined || state === 'active') throw new Error(`cannot drop ${rootId}: ${state}`);
    this.roots.delete(rootId);
  }

  /** A datacenter hears of the roots, stages what is next and signs under what is active. */
  follow(index: number): void {
    const datacenter = this.#datacenter(index);
    datacenter.bundle = [...this.roots.keys()];
    datacenter.signingRootId = this.activeRootId;
    const next = [...this.roots].find(([, state]) => state === 'next')?.[0];
    if (next === undefined) delete datacenter.stagedRootId;
    else datacenter.stagedRootId = next;
  }

  /** A live agent takes its datacenter's bundle, and a leaf from whoever signs there. */
  agentFollows(index: number, agent: number, renews: boolean): void {
    const datacenter = this.#datacenter(index);
    const one = datacenter.agents[agent % datacenter.agents.length]!;
    if (!one.live) return;
    one.bundle = datacenter.bundle;
    if (renews || one.leaf.endsAt <= this.#now) this.#renew(datacenter, one);
  }

  /** Who comes back takes the bundle first: nothing is asked of it before. */
  toggle(index: number, agent: number): void {
    const datacenter = this.#datacenter(index);
    const one = datacenter.agents[agent % datacenter.agents.length]!;
    one.live = !one.live;
    one.seenAt = this.#now;
    if (!one.live) return;
    one.bundle = datacenter.bundle;
    if (one.leaf.endsAt <= this.#now) this.#renew(datacenter, one);
  }

  fail(index: number): void {
    this.#datacenter(index).failed += 1;
  }

  report(index: number): void {
    const { name, bundle, signingRootId, stagedRootId, horizons, agents, failed } = this.#datacenter(index);
    const live = agents.filter((agent) => agent.live);
    const trusting = bundle.map((id) => [id, live.filter((agent) => agent.bundle.includes(id)).length] as const);
    const leaves: Record<string, number> = {};
    for (const { leaf } of agents) leaves[leaf.rootId] = (leaves[leaf.rootId] ?? 0) + 1;
    this.#reports.set(name, {
      datacenter: name,
      isPrimary: name === 'dc1',
      reportedAt: this.now,
      adoption: {
        datacenter: name,
        bundle: [...bundle],
        signingRootId,
        ...(stagedRootId !== undefined && { stagedRootId }),
        agents: { total: agents.length, live: live.length, trusting: Object.fromEntries(trusting) },
        leaves,
        identities: {},
        ledgerLeaves: { ...leaves },
        horizons: Object.fromEntries(horizons),
        signing: { budgetPerSecond: 50 },
        shadow: { rootId: signingRootId, checked: 1, failed, probed: 0, failures: [] },
        laggards: agents.map(({ node, live: isLive, bundle: held, leaf, seenAt }) =>
          laggard(node, {
            reason: isLive ? 'pending' : 'offline',
            live: isLive,
            seenAt,
            lacks: bundle.filter((id) => !held.includes(id)),
            leaves: { [leaf.rootId]: 1 },
          }),
        ),
      },
    });
  }

  evidence(): readonly DatacenterEvidence[] {
    return this.datacenters.map(
      ({ name }) => this.#reports.get(name) ?? { datacenter: name, isPrimary: name === 'dc1' },
    );
  }

  /** Who really needs the root: by the world itself, not by what was reported. `datacenter` or `datacenter/node`. */
  whoNeeds(rootId: string): readonly string[] {
    return this.datacenters.flatMap(({ name, signingRootId, agents }) => [
      ...(signingRootId === rootId ? [name] : []),
      ...agents
        .filter(
          ({ live, bundle, leaf }) =>
            (leaf.rootId === rootId && leaf.endsAt > this.#now) || (live && !bundle.includes(this.activeRootId)),
        )
        .map(({ node }) => `${name}/${node}`),
    ]);
  }

  #renew(datacenter: Datacenter, agent: Agent): void {
    const rootId = datacenter.signingRootId;
    const endsAt = this.#now + LEAF_MS;
    datacenter.horizons.set(rootId, Math.max(endsAt, datacenter.horizons.get(rootId) ?? 0));
    agent.leaf = { rootId, endsAt };
  }

  #datacenter(index: number): Datacenter {
    return this.datacenters[index % this.datacenters.length]!;
  }
}
