import { type Clock, type EpochMs, SingleFlight } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { isLive, type KnownAgent, laggardOf } from '../domain/agent-standing.js';
import type { DatacenterAdoption, Laggard } from '../domain/datacenter-adoption.js';
import { reissueSpreadMs } from '../domain/reissue-spread.js';
import { type AuthorityFacts, summarize } from '../domain/summarize.js';
import type { AgentPresence } from '../ports/agent-presence.js';
import type { AuthoritySource } from '../ports/authority-source.js';
import type { LiveLeaves } from '../ports/live-leaves.js';
import type { AgentReportStore } from './agent-report-store.js';
import { KeptReports } from './kept-reports.js';

/** How long an answer is good when nothing was heard here meanwhile: another server may have heard something. */
const FRESH_MS = 1_000;
/** How long it is good when this server wrote a report since: a small mesh is to be acknowledged within a second. */
const FRESH_AFTER_REPORT_MS = 250;
/** For the spread of renewals, which changes slowly. */
const SPREAD_FRESH_MS = 3_000;

/** What {@link DatacenterAdoptionReader} needs. */
export interface DatacenterAdoptionReaderOptions {
  readonly store: Store;
  readonly reports: AgentReportStore;
  readonly presence: AgentPresence;
  readonly authority: AuthoritySource;
  readonly ledger: LiveLeaves;
  readonly clock: Clock;
}

/** An agent with what it said, and why it is behind if it is. */
export interface AgentEntry extends KnownAgent {
  readonly live: boolean;
  readonly laggard?: Laggard;
}

interface Look {
  readonly at: EpochMs;
  readonly adoption: DatacenterAdoption;
  readonly agents: readonly KnownAgent[];
  readonly facts: AuthorityFacts;
}

/** What this datacenter's adoption is, as all its servers know it. Looks at the database at most about once per second. */
export class DatacenterAdoptionReader {
  readonly #kept: KeptReports;
  readonly #flight = new SingleFlight<'look', Look>();
  #look: Look | undefined;
  /** Something was written since the last look. */
  #stale = true;
  /** The authority changed since: what was seen is not true any more. */
  #outdated = false;

  constructor(private readonly options: DatacenterAdoptionReaderOptions) {
    this.#kept = new KeptReports(options.store);
    options.reports.onWritten(() => (this.#stale = true));
  }

  /** The authority of this datacenter changed, as it rarely does: the next answer is from a look that is still to come. */
  authorityChanged(): void {
    this.#outdated = true;
  }

  /** The adoption, at most a second old. Throws `STORE_UNREACHABLE`. */
  async read(): Promise<DatacenterAdoption> {
    return (await this.#recent(this.#stale ? FRESH_AFTER_REPORT_MS : FRESH_MS)).adoption;
  }

  /** All agents by name, each with its report and its standing. Throws `STORE_UNREACHABLE`. */
  async agents(): Promise<readonly AgentEntry[]> {
    const { agents, facts, at } = await this.#recent(this.#stale ? FRESH_AFTER_REPORT_MS : FRESH_MS);
    return agents.map((agent) => {
      const laggard = laggardOf(agent, { ...facts, now: at });
      return { ...agent, live: isLive(agent, at), ...(laggard && { laggard }) };
    });
  }

  /**
   * Over how many ms renewals are to be spread should the root change now; from memory, as of a few seconds ago. Undefined
   * before the first look.
   */
  reissueSpreadMs(): number | undefined {
    // A look that fails is repeated with the next heartbeat; whoever reads the adoption itself is told why.
    void this.#recent(SPREAD_FRESH_MS).catch(() => undefined);
    if (this.#look === undefined) return undefined;
    const { adoption, facts } = this.#look;
    return reissueSpreadMs({
      certificates: total(adoption.leaves) + total(adoption.identities),
      budgetPerSecond: facts.signing.budgetPerSecond,
      urgent: facts.tainted,
    });
  }

  async #recent(freshMs: number): Promise<Look> {
    const age = this.#look === undefined ? Number.POSITIVE_INFINITY : this.options.clock.now() - this.#look.at;
    // A clock that was set back must not keep an answer alive.
    if (this.#look !== undefined && !this.#outdated && age >= 0 && age < freshMs) return this.#look;
    const look = await this.#flight.run('look', () => this.#take());
    return this.#outdated ? this.#flight.run('look', () => this.#take()) : look;
  }

  async #take(): Promise<Look> {
    const { presence, authority, ledger, clock } = this.options;
    this.#stale = false;
    this.#outdated = false;
    const at = clock.now();
    const [seen, reports, facts, ledgerLeaves] = await Promise.all([
      presence.seen(),
      this.#kept.read(),
      authority.facts(at),
      ledger.live(at),
    ]);
    // Asked for only while a former key is left: the question costs as much as that by root.
    const ledgerLeavesByKey = (facts.leavingKeyIds ?? []).length > 0 ? await ledger.live(at, 'key') : {};
    const agents = [...seen].map(([node, seenAt]): KnownAgent => {
      const report = reports.get(node);
      return { node, seenAt, ...(report && { report }) };
    });
    agents.sort((a, b) => (a.node < b.node ? -1 : 1));
    this.#look = {
      at,
      agents,
      facts,
      adoption: summarize({ authority: facts, agents, ledgerLeaves, ledgerLeavesByKey, now: at }),
    };
    return this.#look;
  }
}

const total = (amounts: Readonly<Record<string, number>>): number =>
  Object.values(amounts).reduce((sum, count) => sum + count, 0);
