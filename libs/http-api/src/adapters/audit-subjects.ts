import { TokenReader, toWireToken } from '@banyan/acl';
import { CaProjection } from '@banyan/ca';
import { CatalogReader } from '@banyan/catalog';
import { IntentionReader, parseIntentionName, toWireIntention } from '@banyan/intentions';
import { isBanyanError, type JsonValue } from '@banyan/kernel';
import { RotationReader } from '@banyan/rotation';
import { Injectable } from '@nestjs/common';
import {
  configurationMembers,
  intentionMembers,
  registrationMembers,
  replicationMembers,
  rotationMembers,
  serviceMembers,
  tokenMembers,
} from '../domain/audited-members.js';

/** What an act is about. */
export interface AuditSubject {
  /** Empty when only the write itself makes the name. */
  readonly target: string;
  readonly before: JsonValue;
  readonly after: JsonValue;
  /** A dry run: nothing is done. */
  readonly isRead?: boolean;
}

interface GivenInput {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

type Describe = (input: GivenInput) => AuditSubject;

const NOTHING: AuditSubject = { target: '', before: null, after: null };

/**
 * Names what each act is about, with what was there before as this server knew it when the request came, and what was asked
 * for: both through the lists of members that may be recorded.
 */
@Injectable()
export class AuditSubjects {
  readonly #known: Readonly<Record<string, Describe>>;

  constructor(
    private readonly intentions: IntentionReader,
    private readonly tokens: TokenReader,
    private readonly catalog: CatalogReader,
    private readonly ca: CaProjection,
    private readonly rotations: RotationReader,
  ) {
    this.#known = {
      'intention.write': (input) => ({ ...this.#intention(input), after: intentionMembers(input.body) }),
      'intention.delete': (input) => this.#intention(input),
      'acl.bootstrap': () => ({ ...NOTHING, after: { Role: { kind: 'management' } } }),
      'token.create': ({ body }) => ({ ...NOTHING, after: tokenMembers(body) }),
      'token.update': ({ params, body }) => ({
        ...this.#token(params['accessor'] ?? ''),
        after: tokenMembers(body),
      }),
      'token.delete': ({ params }) => this.#token(params['accessor'] ?? ''),
      'catalog.register': ({ body }) => this.#registration(body, registrationMembers(body)),
      'catalog.deregister': ({ body }) => this.#registration(body, null),
      'ca.configure': ({ body }) => this.#configuration(body),
      'rotation.start': ({ body }) => rotationOf({ target: '', before: null }, body),
      'root.taint': ({ body }) => rotationOf({ target: taintTarget(body), before: null }, body),
      ...Object.fromEntries(
        ['pause', 'resume', 'rollback', 'advance', 'retire', 'waive'].map((verb) => [
          `rotation.${verb}`,
          ({ params, body }: GivenInput) => rotationOf(this.#rotation(params['id'] ?? ''), body),
        ]),
      ),
      'replication.adopt': ({ body }) => ({ ...NOTHING, target: 'replication', after: replicationMembers(body) }),
      'replication.new-epoch': () => ({ ...NOTHING, target: 'replication/epoch' }),
      'replication.confirm': ({ params, body }) => ({
        ...NOTHING,
        target: `replication/${params['stream'] ?? ''}`,
        after: replicationMembers(body),
      }),
      'replication.token': ({ query }) => ({
        ...NOTHING,
        target: 'replication/token',
        after: { Force: query['force'] === true },
      }),
    };
  }

  /** Every action that is described. */
  get actions(): readonly string[] {
    return Object.keys(this.#known);
  }

  /** What an act is about. Input that does not follow its schema is about nothing that could be named. */
  of(action: string, input: unknown): AuditSubject {
    const describe = this.#known[action];
    if (describe === undefined || input === undefined) return NOTHING;
    const { params, query, body } = input as Partial<GivenInput>;
    try {
      return describe({ params: params ?? {}, query: query ?? {}, body: body ?? {} });
    } catch (error) {
      // Such as a name that is none: the handler says so to the caller.
      if (isBanyanError(error)) return NOTHING;
      throw error;
    }
  }

  #intention({ query }: GivenInput): AuditSubject {
    const source = parseIntentionName(text(query['source']), 'source');
    const destination = parseIntentionName(text(query['destination']), 'destination');
    const present = this.intentions.exact(source, destination);
    return {
      target: `intention/${source}/${destination}`,
      before: present === undefined ? null : intentionMembers(toWireIntention(present)),
      after: null,
    };
  }

  #token(accessorId: string): AuditSubject {
    const present = this.tokens.find(accessorId);
    const before = present === undefined ? null : tokenMembers(toWireToken(present));
    return { target: `token/${accessorId}`, before, after: null };
  }

  #registration(body: GivenInput['body'], after: JsonValue): AuditSubject {
    const { Node, Service, ServiceID } = body as {
      Node?: unknown;
      Service?: { ID?: unknown; Service?: unknown };
      ServiceID?: unknown;
    };
    const node = text(Node);
    const id = text(Service?.ID ?? Service?.Service ?? ServiceID);
    const present = this.catalog.node(node);
    const service = id === '' ? undefined : present?.Services[id];
    const was = service === undefined ? {} : { Service: serviceMembers(service) };
    return {
      target: id === '' ? `node/${node}` : `node/${node}/service/${id}`,
      before: present === undefined ? null : { ...registrationMembers(present.Node), ...was },
      after,
    };
  }

  #configuration(body: GivenInput['body']): AuditSubject {
    const { parsed, forceWithoutCrossSigning } = this.ca.getConfiguration();
    const before = {
      Provider: parsed.provider,
      Config: parsed.options,
      ForceWithoutCrossSigning: forceWithoutCrossSigning,
    };
    return {
      target: 'ca-configuration',
      before: configurationMembers(before),
      after: configurationMembers(body),
    };
  }

  #rotation(id: string): Pick<AuditSubject, 'target' | 'before'> {
    const present = this.rotations.find(id)?.rotation;
    const before = present === undefined ? null : { Phase: present.phase, Health: present.health };
    return { target: `rotation/${id}`, before };
  }
}

const rotationOf = (subject: Pick<AuditSubject, 'target' | 'before'>, body: GivenInput['body']): AuditSubject => ({
  ...subject,
  after: rotationMembers(body),
  ...(body['DryRun'] === true && { isRead: true }),
});

const taintTarget = (body: GivenInput['body']): string => {
  const { RootID, Datacenter } = body;
  return RootID === undefined ? `datacenter/${text(Datacenter)}` : `root/${text(RootID)}`;
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
