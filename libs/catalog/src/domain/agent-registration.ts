import { BanyanError, type JsonValue, SecretText } from '@banyan/kernel';
import type { z } from 'zod';
import { type AgentServiceBody, agentServiceBodySchema, type CheckBody, type SidecarBody } from './body-schemas.js';
import type { CheckDefinition } from './check.js';
import { checkFromBody } from './check-from-body.js';
import { refuseService, serviceFromBody } from './service-from-body.js';
import type { ServiceInstance } from './service-instance.js';

/** A service that an agent was asked to register, checked, without its sidecar (see `expandSidecar`). */
export interface AgentRegistration {
  readonly service: ServiceInstance;
  readonly checks: readonly CheckDefinition[];
  /** The token to use for this service in place of the agent's. */
  readonly token?: SecretText;
  /** `Connect.SidecarService` as it was given; its own members win over the defaults. */
  readonly sidecar?: SidecarBody;
}

/**
 * Reads a decoded JSON body of `PUT /v1/agent/service/register`. Throws `REQUEST_INVALID` ("Request decode failed: …")
 * when it does not follow the schema, `SERVICE_INVALID` with the texts of contract §5.1 when it breaks a rule.
 */
export const parseAgentRegistration = (body: JsonValue): AgentRegistration =>
  agentRegistrationOf(decoded(agentServiceBodySchema, body));

/** The registration that a body stands for, once it follows {@link agentServiceBodySchema}. */
export const agentRegistrationOf = (body: AgentServiceBody): AgentRegistration => {
  const name = body.Name ?? '';
  const id = (body.ID ?? '') === '' ? name : (body.ID as string);
  const service = serviceFromBody(body, { id, name, connectNative: body.Connect?.Native === true });
  const sidecar = body.Connect?.SidecarService ?? undefined;
  if (sidecar !== undefined) checkSidecar(body, sidecar);
  return {
    service,
    checks: checksFromBody(body, { id, name, errorPrefix: 'Invalid check' }),
    ...((body.Token ?? '') === '' ? {} : { token: new SecretText(body.Token as string) }),
    ...(sidecar === undefined ? {} : { sidecar }),
  };
};

/** The checks of a service body, `Check` first. Throws `SERVICE_INVALID`, also for a check ID given twice. */
export const checksFromBody = (
  body: { Check?: CheckBody | null | undefined; Checks?: CheckBody[] | null | undefined },
  service: { readonly id: string; readonly name: string; readonly errorPrefix: string },
): CheckDefinition[] => {
  const bodies = [...(body.Check ? [body.Check] : []), ...(body.Checks ?? [])];
  const checks = bodies.map((check, index) =>
    checkFromBody(check, {
      serviceId: service.id,
      serviceName: service.name,
      position: index + 1,
      count: bodies.length,
      errorPrefix: service.errorPrefix,
    }),
  );
  if (new Set(checks.map((check) => check.checkId)).size !== checks.length) {
    refuseService(`${service.errorPrefix}: two checks have the same ID`);
  }
  return checks;
};

const checkSidecar = (parent: AgentServiceBody, sidecar: SidecarBody): void => {
  if ((parent.Kind ?? '') !== '') refuseService('Invalid SidecarService: only an ordinary service can have a sidecar');
  if (parent.Connect?.Native === true) refuseService('Invalid SidecarService: a native service needs no sidecar');
  if ((sidecar.ID ?? '') !== '') refuseService('Invalid SidecarService: its ID cannot be chosen');
  if ((sidecar.Kind ?? '') !== '' && sidecar.Kind !== 'connect-proxy') {
    refuseService('Invalid SidecarService: its Kind can only be connect-proxy');
  }
};

/** Parses a body by its schema. Throws `REQUEST_INVALID` naming the field, never a value. */
export const decoded = <Schema extends z.ZodType>(schema: Schema, body: JsonValue): z.infer<Schema> => {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const text =
    issue?.code === 'unrecognized_keys'
      ? `json: unknown field "${issue.keys[0]?.slice(0, 64)}"`
      : `${issue?.path.join('.') || 'body'}: ${issue?.message}`;
  throw new BanyanError('REQUEST_INVALID', `Request decode failed: ${text}`);
};
