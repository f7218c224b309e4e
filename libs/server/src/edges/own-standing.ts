import { crossSignedPath } from '@banyan/ca';
import type { DatacenterStanding, FederatedIntermediate } from '@banyan/http-api';
import type { EpochMs } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** A named state and why; the reason is empty when all is well. */
export interface NamedState {
  readonly state: string;
  readonly reason: string;
}

/** How long the count of versions is good: it walks over every agent, and changes with upgrades only. */
const VERSIONS_FRESH_MS = 5_000;
/** So many versions are told apart; the rest counts as `other`. */
const MOST_VERSIONS = 16;

/** What this datacenter says of itself, to its own clients and in a report to its primary. */
export class OwnStanding {
  #versions: { readonly at: EpochMs; readonly counted: Readonly<Record<string, number>> } | undefined;

  constructor(private readonly core: DatacenterCore) {}

  /** All of it, with the state as the role knows it. Throws `STORE_UNREACHABLE`. */
  async read(known: NamedState): Promise<DatacenterStanding> {
    const { core } = this;
    const { active } = core.ca.state;
    const { agents, ledgerLeaves } = await core.adoption.read();
    const intermediate = this.#intermediate();
    return {
      ...this.#withClock(known),
      servers: core.membership.servers.map(({ id, name, version, alive, leases }) => ({
        id,
        name,
        version,
        alive,
        leases: leases.map((lease) => lease.name),
      })),
      agents: { total: agents.total, live: agents.live, versions: await this.#countVersions() },
      ...(active !== undefined && { signingRootId: active.rootId }),
      ...(intermediate !== undefined && { intermediate }),
      leaves: ledgerLeaves,
    };
  }

  /** A clock that is wrong stops nothing, and is a state by itself only where nothing is worse. */
  #withClock(known: NamedState): NamedState {
    const { note } = this.core.clocks;
    return known.state === 'READY' && note !== undefined ? { state: 'CLOCK_SKEW', reason: note } : known;
  }

  #intermediate(): FederatedIntermediate | undefined {
    const { active, roots } = this.core.ca.state;
    if (active === undefined) return undefined;
    const { certificate, rootId } = active;
    const root = roots.find(({ id }) => id === rootId);
    const chain = [certificate, ...(root === undefined ? [] : crossSignedPath(root, roots))];
    return {
      serialHex: certificate.serialHex,
      keyId: certificate.subjectKeyId ?? '',
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      pem: certificate.pem,
      chainBytes: chain.reduce((sum, each) => sum + each.der.length, 0),
    };
  }

  async #countVersions(): Promise<Readonly<Record<string, number>>> {
    const now = this.core.ambient.clock.now();
    const age = this.#versions === undefined ? VERSIONS_FRESH_MS : now - this.#versions.at;
    if (this.#versions !== undefined && age >= 0 && age < VERSIONS_FRESH_MS) return this.#versions.counted;
    const counted: Record<string, number> = {};
    for (const { live, report } of await this.core.adoption.agents()) {
      if (!live) continue;
      const version = report?.version ?? 'unknown';
      const isKnown = version in counted || Object.keys(counted).length < MOST_VERSIONS;
      const name = isKnown ? version : 'other';
      counted[name] = (counted[name] ?? 0) + 1;
    }
    this.#versions = { at: now, counted };
    return counted;
  }
}
