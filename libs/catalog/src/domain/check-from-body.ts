import { type DurationMs, durationMs, isBanyanError, parseGoDuration, SECOND } from '@banyan/kernel';
import type { CheckBody } from './body-schemas.js';
import { CHECK_STATUSES, type CheckDefinition, type CheckStatus, type Probe } from './check.js';
import { refuseService } from './service-from-body.js';

/** Where a check of a service body stands: `Check` counts as the first of `Checks`. */
export interface CheckPlace {
  readonly serviceId: string;
  readonly serviceName: string;
  /** 1-based position among the service's checks, and how many there are. */
  readonly position: number;
  readonly count: number;
  /** Starts every error text: `Invalid check` or `Invalid check in sidecar_service`. */
  readonly errorPrefix: string;
}

const DEFAULT_TIMEOUT = durationMs(10 * SECOND);
/** A shorter interval is raised to this: a check must not become a load. */
const SHORTEST_INTERVAL = SECOND;

/** `service:<id>`, or `service:<id>:<n>` when the service has several checks (contract §5.5). */
export const automaticCheckId = (serviceId: string, position: number, count: number): string =>
  count === 1 ? `service:${serviceId}` : `service:${serviceId}:${position}`;

/** The check a body stands for. Throws `SERVICE_INVALID` with the texts of contract §5.1 and §5.5. */
export const checkFromBody = (body: CheckBody, place: CheckPlace): CheckDefinition => {
  const probe = probeOf(body, place);
  const deregisterAfter = spanOf(body.DeregisterCriticalServiceAfter, 'DeregisterCriticalServiceAfter', place);
  const checkId = body.CheckID || body.ID || automaticCheckId(place.serviceId, place.position, place.count);
  if (checkId.length > 512) refuseService(`${place.errorPrefix}: the check's ID is longer than 512 characters`);
  return {
    checkId,
    name: body.Name || `Service '${place.serviceName}' check`,
    notes: body.Notes ?? '',
    serviceId: place.serviceId,
    initialStatus: statusOf(body.Status, 'critical'),
    probe,
    successBeforePassing: body.SuccessBeforePassing ?? 0,
    failuresBeforeCritical: body.FailuresBeforeCritical ?? 0,
    ...(deregisterAfter === undefined || deregisterAfter <= 0 ? {} : { deregisterAfterMs: deregisterAfter }),
  };
};

/** A status as it was given; `fallback` when none was. Throws `SERVICE_INVALID`. */
export const statusOf = (text: string | undefined, fallback: CheckStatus): CheckStatus => {
  if (text === undefined || text === '') return fallback;
  const status = CHECK_STATUSES.find((known) => known === text);
  return status ?? refuseService("Status for checks must 'passing', 'warning', 'critical'");
};

const spanOf = (value: string | number | undefined, field: string, place: CheckPlace): DurationMs | undefined => {
  if (value === undefined || value === '') return undefined;
  try {
    return parseGoDuration(value);
  } catch (error) {
    if (isBanyanError(error, 'DURATION_INVALID')) refuseService(`${place.errorPrefix}: ${field}: ${error.message}`);
    throw error;
  }
};

/** Kinds of Consul's that banyan does not run: refused, since a check that never runs would lie. */
const UNSUPPORTED = ['UDP', 'GRPC', 'H2PING', 'DockerContainerID', 'Shell', 'OSService', 'AliasNode'] as const;

const probeOf = (body: CheckBody, place: CheckPlace): Probe => {
  const refuse = (reason: string): never => refuseService(`${place.errorPrefix}: ${reason}`);
  for (const field of UNSUPPORTED) if ((body[field] ?? '') !== '') refuse(`${field} checks are not supported`);
  if ((body.Args ?? []).length > 0) refuse('script checks are not supported');
  if (body.TCPUseTLS === true) refuse('TCPUseTLS is not supported');
  const interval = spanOf(body.Interval, 'Interval', place) ?? durationMs(0);
  const ttl = spanOf(body.TTL, 'TTL', place) ?? durationMs(0);
  const timeout = spanOf(body.Timeout, 'Timeout', place) ?? durationMs(0);
  const kinds = [body.HTTP, body.TCP, body.AliasService].filter((value) => (value ?? '') !== '').length;
  if (kinds > 1) refuse('only one of HTTP, TCP and AliasService can be given');
  if (interval > 0 && ttl > 0) refuse('Interval and TTL cannot both be specified');
  if ((body.AliasService ?? '') !== '') {
    if (interval > 0 || ttl > 0) refuse('Interval and TTL cannot be set for alias checks');
    return { kind: 'alias', serviceId: body.AliasService as string };
  }
  if (kinds === 0) {
    if (ttl <= 0) refuse('TTL must be > 0 for TTL checks');
    return { kind: 'ttl', ttlMs: ttl };
  }
  if (interval <= 0) refuse('Interval must be > 0 for interval checks');
  const pace = {
    intervalMs: durationMs(Math.max(interval, SHORTEST_INTERVAL)),
    timeoutMs: timeout > 0 ? timeout : DEFAULT_TIMEOUT,
  };
  return (body.HTTP ?? '') === '' ? tcpProbe(body, pace, refuse) : httpProbe(body, pace, refuse);
};

interface Pace {
  readonly intervalMs: DurationMs;
  readonly timeoutMs: DurationMs;
}
type Refuse = (reason: string) => never;

const tcpProbe = (body: CheckBody, pace: Pace, refuse: Refuse): Probe => {
  const address = body.TCP ?? '';
  const port = Number(/:(\d{1,5})$/.exec(address)?.[1] ?? 0);
  if (port < 1 || port > 65_535) return refuse('TCP must be of the form host:port');
  return { kind: 'tcp', address, ...pace };
};

const httpProbe = (body: CheckBody, pace: Pace, refuse: Refuse): Probe => {
  const url = body.HTTP ?? '';
  if (!URL.canParse(url) || !/^https?:/i.test(url)) return refuse('HTTP must be an http or https URL');
  return {
    kind: 'http',
    url,
    method: (body.Method ?? '') === '' ? 'GET' : (body.Method as string).toUpperCase(),
    headers: body.Header ?? {},
    body: body.Body ?? '',
    skipTlsVerify: body.TLSSkipVerify ?? false,
    ...pace,
  };
};
