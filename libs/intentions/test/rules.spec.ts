import { BanyanError, type ErrorCode, stateIndex } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import {
  type Intention,
  type IntentionDraft,
  type L7Permission,
  parseIntentionDraft,
  parseIntentionName,
  precedenceOf,
  type ServiceIntentions,
  toWireIntention,
  withoutSource,
  withSource,
} from '../src/index.js';

const refusal = (run: () => unknown): { code: ErrorCode; message: string } => {
  try {
    run();
  } catch (error) {
    if (error instanceof BanyanError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
};

const draft = (changes: Partial<IntentionDraft> = {}): IntentionDraft => ({
  sourceName: 'web',
  destinationName: 'api',
  action: 'allow',
  ...changes,
});

describe('precedence', () => {
  it('has the four scores of the community edition', () => {
    expect(precedenceOf('web', 'api')).toBe(9);
    expect(precedenceOf('*', 'api')).toBe(8);
    expect(precedenceOf('web', '*')).toBe(6);
    expect(precedenceOf('*', '*')).toBe(5);
  });
});

describe('parseIntentionName', () => {
  it.each([
    ['web', 'web'],
    ['default/web', 'web'],
    ['default/default/web', 'web'],
    ['*', '*'],
    ['default/*', '*'],
  ])('reads %s', (text, name) => {
    expect(parseIntentionName(text, 'source')).toBe(name);
  });

  it.each([
    ['a/b/c/d', `source "a/b/c/d" is invalid: input can contain at most two '/'`],
    ['peer:east/web', 'source "peer:east/web" is invalid: cannot specify a peer here'],
    ['default/', 'source "default/" is invalid: need to specify the service name as well'],
    ['', 'source "" is invalid: need to specify the service name as well'],
    ['web*', `source "web*" is invalid: Name: wildcard character '*' cannot be used with partial values`],
    ['*/web', 'source "*/web" is invalid: Name: exact value cannot follow wildcard namespace'],
    ['team/web', 'source "team/web" is invalid: only the namespace and partition "default" exist here'],
  ])('refuses %s', (text, message) => {
    expect(refusal(() => parseIntentionName(text, 'source'))).toEqual({ code: 'INTENTION_INVALID', message });
  });

  it('refuses a name that no service can have', () => {
    expect(refusal(() => parseIntentionName('we b', 'name')).code).toBe('INTENTION_INVALID');
  });
});

const permitted = (permissions: readonly L7Permission[], destinationName = 'api'): IntentionDraft => ({
  sourceName: 'web',
  destinationName,
  permissions,
});

describe('withSource', () => {
  it('orders sources by precedence, stable, and computes it', () => {
    const first = withSource(undefined, draft({ sourceName: '*', action: 'deny' }));
    const second = withSource(first, draft({ sourceName: 'zoo' }));
    const third = withSource(second, draft({ sourceName: 'ant' }));
    expect(third.sources.map(({ name, precedence }) => [name, precedence])).toEqual([
      ['zoo', 9],
      ['ant', 9],
      ['*', 8],
    ]);
  });

  it('replaces a source in its place and drops its former description', () => {
    const entry = withSource(withSource(undefined, draft({ description: 'was' })), draft({ sourceName: 'batch' }));
    const next = withSource(entry, draft({ action: 'deny' }));
    expect(next.sources).toEqual([
      { name: 'web', action: 'deny', type: 'consul', precedence: 9 },
      { name: 'batch', action: 'allow', type: 'consul', precedence: 9 },
    ]);
  });

  it('accepts Meta only when it repeats the stored one', () => {
    const meta = { owner: 'payments' };
    expect(refusal(() => withSource(undefined, draft({ meta })))).toEqual({
      code: 'INTENTION_INVALID',
      message: 'Meta must not be specified',
    });
    const entry: ServiceIntentions = { ...withSource(undefined, draft()), meta };
    expect(withSource(entry, draft({ meta })).meta).toEqual(meta);
    expect(refusal(() => withSource(entry, draft({ meta: { owner: 'x' } }))).message).toMatch(
      /^Meta must not be specified/,
    );
  });

  const permission: L7Permission = { Action: 'allow', HTTP: { PathPrefix: '/' } };
  it.each<[string, IntentionDraft, string]>([
    [
      'a partial wildcard source',
      draft({ sourceName: 'we*' }),
      "Sources[0].Name: wildcard character '*' cannot be used with partial values",
    ],
    [
      'a partial wildcard destination',
      draft({ destinationName: 'ap*' }),
      "Name: wildcard character '*' cannot be used with partial values",
    ],
    ['no action', { sourceName: 'web', destinationName: 'api' }, 'Sources[0].Action must be set to allow or deny'],
    [
      'action and permissions',
      { ...permitted([permission]), action: 'allow' },
      'Sources[0].Action must be omitted if Permissions are specified',
    ],
    [
      'a long description',
      draft({ description: 'é'.repeat(257) }),
      'Sources[0].Description exceeds maximum length 512',
    ],
    ['U+0000', draft({ description: 'a\u0000b' }), 'Texts must not contain U+0000 or half of a character'],
    [
      'permissions on a wildcard',
      permitted([permission], '*'),
      'Sources[0].Permissions cannot be specified on a wildcard destination',
    ],
    ['a permission without HTTP', permitted([{ Action: 'allow' }]), 'Sources[0].Permissions[0].HTTP is required'],
    [
      'a bad permission action',
      permitted([{ Action: 'maybe', HTTP: { PathPrefix: '/' } }]),
      'Sources[0].Permissions[0].Action must be set to allow or deny',
    ],
    [
      'empty HTTP',
      permitted([permission, { Action: 'deny', HTTP: {} }]),
      'Sources[0].Permissions[1].HTTP must not be empty',
    ],
    [
      'two paths',
      permitted([{ Action: 'allow', HTTP: { PathExact: '/a', PathRegex: 'b' } }]),
      'Sources[0].Permissions[0].HTTP can have at most one of PathExact, PathPrefix, PathRegex',
    ],
    [
      'a relative path',
      permitted([{ Action: 'allow', HTTP: { PathExact: 'a' } }]),
      "Sources[0].Permissions[0].HTTP.PathExact must start with '/'",
    ],
    [
      'a header without form',
      permitted([{ Action: 'allow', HTTP: { Header: [{ Name: 'x' }] } }]),
      'Sources[0].Permissions[0].HTTP.Header[0] must have exactly one of Present, Exact, Prefix, Suffix, Contains, Regex',
    ],
    [
      'an unknown method',
      permitted([{ Action: 'allow', HTTP: { Methods: ['FETCH'] } }]),
      'Sources[0].Permissions[0].HTTP.Methods[0] "FETCH" is not an HTTP method',
    ],
    [
      'a repeated method',
      permitted([{ Action: 'allow', HTTP: { Methods: ['get', 'GET'] } }]),
      'Sources[0].Permissions[0].HTTP.Methods[1] "GET" is listed more than once',
    ],
  ])('refuses %s', (_, wanted, message) => {
    expect(refusal(() => withSource(undefined, wanted))).toEqual({ code: 'INTENTION_INVALID', message });
  });

  it('keeps permissions with their methods in upper case', () => {
    const entry = withSource(undefined, permitted([{ Action: 'allow', HTTP: { Methods: ['get', 'Post'] } }]));
    expect(entry.sources[0]?.permissions).toEqual([{ Action: 'allow', HTTP: { Methods: ['GET', 'POST'] } }]);
    expect(entry.sources[0]?.action).toBeUndefined();
  });
});

describe('withoutSource', () => {
  it('gives the same entry when the source is not there, and nothing after the last', () => {
    const entry = withSource(undefined, draft());
    expect(withoutSource(entry, 'other')).toBe(entry);
    expect(withoutSource(entry, 'web')).toBeUndefined();
  });
});

describe('the wire form', () => {
  const intention: Intention = {
    ...draft(),
    sourceType: 'consul',
    precedence: 9,
    createIndex: stateIndex(131),
    modifyIndex: stateIndex(138),
  };

  it('has exactly the members existing clients see, in their order', () => {
    expect(JSON.stringify(toWireIntention(intention))).toBe(
      '{"SourceNS":"default","SourceName":"web","DestinationNS":"default","DestinationName":"api",' +
        '"SourceType":"consul","Action":"allow","Precedence":9,"CreateIndex":131,"ModifyIndex":138}',
    );
  });

  it('can be sent back as a body, the URL naming the pair', () => {
    const body = JSON.parse(JSON.stringify(toWireIntention(intention))) as Parameters<typeof parseIntentionDraft>[0];
    expect(parseIntentionDraft(body, { sourceName: 'a', destinationName: 'b' })).toEqual({
      sourceName: 'a',
      destinationName: 'b',
      action: 'allow',
    });
  });

  it.each([
    [{ SourcePeer: 'east', Action: 'allow' }, 'INTENTION_INVALID'],
    [{ SourceNS: 'team', Action: 'allow' }, 'INTENTION_INVALID'],
    [{ Action: 'permit' }, 'INTENTION_INVALID'],
    [{ Action: 'allow', JWT: { Providers: [] } }, 'INTENTION_INVALID'],
    [{ Acton: 'allow' }, 'REQUEST_INVALID'],
    [{ Action: 7 }, 'REQUEST_INVALID'],
    ['allow', 'REQUEST_INVALID'],
  ] as const)('refuses the body %j with %s', (body, code) => {
    expect(refusal(() => parseIntentionDraft(body, { sourceName: 'a', destinationName: 'b' })).code).toBe(code);
  });
});
