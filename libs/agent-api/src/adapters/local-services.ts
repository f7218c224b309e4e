import {
  type AgentRegistration,
  type CheckDefinition,
  type CheckState,
  type CheckStatus,
  expandSidecar,
  SIDECAR_PORTS,
} from '@banyan/catalog';
import { BanyanError, type Logger } from '@banyan/kernel';
import { checkStateOf, cutOutput } from '../domain/check-state.js';
import { type LocalService, ServicesFile } from './services-file.js';

/** What a probe found, or a service says of itself. */
export interface CheckResult {
  readonly status: CheckStatus;
  readonly output: string;
}

/**
 * The services of this node: registered here, kept in a file across restarts (no token is in it), told to the servers
 * whole. I1: a sidecar exists only beside its parent. I2: a sidecar registered again keeps its port.
 */
export class LocalServices {
  readonly #services = new Map<string, LocalService>();
  readonly #results = new Map<string, CheckResult>();
  readonly #listeners = new Set<() => void>();
  readonly #reportListeners = new Set<(checkId: string) => void>();
  readonly #file: ServicesFile;

  /** Throws `CONFIG_INVALID` when the file is there but cannot be read. */
  constructor(file: string, logger: Logger) {
    this.#file = new ServicesFile(file, logger);
    for (const local of this.#file.read()) this.#services.set(local.service.ID, local);
  }

  list(): readonly LocalService[] {
    return [...this.#services.values()];
  }

  find(id: string): LocalService | undefined {
    return this.#services.get(id);
  }

  /** Calls `listener` after every change of a service or a check result; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds or replaces a service and its sidecar. Fails with `SERVICE_INVALID` when no sidecar port is free. */
  register(registration: AgentRegistration): void {
    const sidecar = expandSidecar(registration, { allocatePort: (id) => this.#sidecarPort(id) });
    const { service, checks } = registration;
    this.#services.set(service.ID, { service, checks });
    if (sidecar !== undefined) {
      this.#services.set(sidecar.service.ID, {
        service: sidecar.service,
        checks: sidecar.checks,
        parentId: service.ID,
      });
    }
    this.#changed();
  }

  /** Removes a service and its sidecar. Throws `SERVICE_NOT_FOUND`. */
  deregister(id: string): LocalService {
    const found = this.#services.get(id);
    if (found === undefined) {
      throw new BanyanError(
        'SERVICE_NOT_FOUND',
        `Unknown service ID "${id}". Ensure that the service ID is passed, not the service name.`,
      );
    }
    this.#services.delete(id);
    for (const [childId, child] of this.#services) if (child.parentId === id) this.#services.delete(childId);
    this.#changed();
    return found;
  }

  /** The checks as the catalog gets them. */
  checkStates(): readonly CheckState[] {
    return this.list().flatMap(({ checks }) => checks.map((check) => checkStateOf(check, this.resultOf(check))));
  }

  resultOf(check: CheckDefinition): CheckResult {
    if (check.probe.kind === 'alias') return this.#aliasResult(check.probe.serviceId);
    return this.#results.get(check.checkId) ?? { status: check.initialStatus, output: '' };
  }

  /** Keeps what a probe found, its output cut to what the catalog keeps; tells of it only when it changed. */
  keepResult(checkId: string, { status, output }: CheckResult): void {
    const result = { status, output: cutOutput(output) };
    const known = this.#results.get(checkId);
    if (known?.status === result.status && known.output === result.output) return;
    this.#results.set(checkId, result);
    for (const listener of this.#listeners) listener();
  }

  /** The check with this ID and the service it is about. Throws `SERVICE_NOT_FOUND`. */
  getCheck(checkId: string): { readonly check: CheckDefinition; readonly local: LocalService } {
    for (const local of this.#services.values()) {
      const check = local.checks.find((each) => each.checkId === checkId);
      if (check !== undefined) return { check, local };
    }
    throw new BanyanError(
      'SERVICE_NOT_FOUND',
      `Unknown check ID "${checkId}". Ensure that the check ID is passed, not the check name.`,
    );
  }

  /**
   * Takes what a service says of itself. Throws `SERVICE_NOT_FOUND`, or `REQUEST_INVALID` for a check that this agent
   * runs and nobody reports.
   */
  report(checkId: string, result: CheckResult): void {
    if (this.getCheck(checkId).check.probe.kind !== 'ttl') {
      throw new BanyanError('REQUEST_INVALID', `CheckID "${checkId}" does not have associated TTL`);
    }
    this.keepResult(checkId, result);
    for (const listener of this.#reportListeners) listener(checkId);
  }

  /** Calls `listener` with the check's ID after every report, also one that changes nothing; returns what ends that. */
  onReport(listener: (checkId: string) => void): () => void {
    this.#reportListeners.add(listener);
    return () => this.#reportListeners.delete(listener);
  }

  /** An alias is as well as the worst check of the service it stands for. */
  #aliasResult(serviceId: string): CheckResult {
    const aliased = this.#services.get(serviceId);
    if (aliased === undefined) return { status: 'critical', output: `service ${serviceId} is not registered` };
    const results = aliased.checks.filter((c) => c.probe.kind !== 'alias').map((c) => this.resultOf(c).status);
    const worst = results.includes('critical') ? 'critical' : results.includes('warning') ? 'warning' : 'passing';
    return { status: worst, output: `alias of ${serviceId}` };
  }

  #sidecarPort(id: string): number {
    const known = this.#services.get(id)?.service.Port;
    if (known !== undefined && known !== 0) return known;
    const taken = new Set(this.list().map(({ service }) => service.Port));
    for (let port = SIDECAR_PORTS.first; port <= SIDECAR_PORTS.last; port += 1) if (!taken.has(port)) return port;
    throw new BanyanError(
      'SERVICE_INVALID',
      `no port is free for ${id}: all of ${SIDECAR_PORTS.first} to ${SIDECAR_PORTS.last} are taken`,
    );
  }

  #changed(): void {
    const checkIds = new Set(this.list().flatMap(({ checks }) => checks.map((check) => check.checkId)));
    for (const id of this.#results.keys()) if (!checkIds.has(id)) this.#results.delete(id);
    this.#file.write(this.list());
    for (const listener of this.#listeners) listener();
  }
}
