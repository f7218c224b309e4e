import type { HeaderMatch, HttpMatch, Intention, IntentionBody, Permission } from '../../api/intentions.js';
import type { Effect } from './decide.js';

export const PATH_FORMS = ['PathPrefix', 'PathExact', 'PathRegex'] as const;
export type PathForm = (typeof PATH_FORMS)[number] | 'any';

export const HEADER_FORMS = ['Exact', 'Prefix', 'Suffix', 'Contains', 'Regex', 'Present'] as const;
export type HeaderForm = (typeof HEADER_FORMS)[number];

export interface HeaderDraft {
  readonly name: string;
  readonly form: HeaderForm;
  readonly text: string;
  readonly isInverted: boolean;
  /** What the form has no field for. */
  readonly rest: Pick<HeaderMatch, 'IgnoreCase'>;
}

export interface PermissionDraft {
  readonly action: 'allow' | 'deny';
  readonly pathForm: PathForm;
  readonly path: string;
  /** As typed: `GET, POST`. Empty: any. */
  readonly methods: string;
  readonly headers: readonly HeaderDraft[];
  readonly rest: Pick<Permission, 'JWT'>;
}

/** An intention in the editor. */
export interface IntentionDraft {
  readonly source: string;
  readonly destination: string;
  readonly effect: Effect;
  readonly description: string;
  readonly permissions: readonly PermissionDraft[];
}

export const EMPTY_PERMISSION: PermissionDraft = {
  action: 'allow',
  pathForm: 'PathPrefix',
  path: '/',
  methods: '',
  headers: [],
  rest: {},
};

export const EMPTY_HEADER: HeaderDraft = { name: '', form: 'Exact', text: '', isInverted: false, rest: {} };

/** A draft of what is there, or of something new for a pair. */
export function draftOf(source: string, destination: string, present?: Intention): IntentionDraft {
  const permissions = present?.Permissions ?? [];
  return {
    source,
    destination,
    effect: permissions.length > 0 ? 'by request' : (present?.Action ?? 'allow'),
    description: present?.Description ?? '',
    permissions: permissions.map(permissionDraftOf),
  };
}

function permissionDraftOf({ Action, HTTP = {}, ...rest }: Permission): PermissionDraft {
  const pathForm = PATH_FORMS.find((form) => (HTTP[form] ?? '') !== '') ?? 'any';
  return {
    action: Action,
    pathForm,
    path: pathForm === 'any' ? '' : (HTTP[pathForm] ?? ''),
    methods: (HTTP.Methods ?? []).join(', '),
    headers: (HTTP.Header ?? []).map(headerDraftOf),
    rest,
  };
}

function headerDraftOf(header: HeaderMatch): HeaderDraft {
  const form = HEADER_FORMS.find((each) => header[each] !== undefined && header[each] !== '') ?? 'Present';
  return {
    name: header.Name,
    form,
    text: form === 'Present' ? '' : (header[form] ?? ''),
    isInverted: header.Invert === true,
    rest: header.IgnoreCase === undefined ? {} : { IgnoreCase: header.IgnoreCase },
  };
}

/** What is sent. `Action` and `Permissions` exclude each other. */
export function bodyOf(draft: IntentionDraft): IntentionBody {
  const description = draft.description.trim();
  return {
    SourceType: 'consul',
    ...(draft.effect === 'by request'
      ? { Permissions: draft.permissions.map(permissionOf) }
      : { Action: draft.effect }),
    ...(description !== '' && { Description: description }),
  };
}

const methodsOf = (text: string): string[] =>
  text
    .toUpperCase()
    .split(/[\s,]+/)
    .filter((method) => method !== '');

function permissionOf({ action, pathForm, path, methods, headers, rest }: PermissionDraft): Permission {
  const named = methodsOf(methods);
  const http: HttpMatch = {
    ...(pathForm !== 'any' && { [pathForm]: path.trim() }),
    ...(headers.length > 0 && { Header: headers.map(headerOf) }),
    ...(named.length > 0 && { Methods: named }),
  };
  return { Action: action, HTTP: http, ...rest };
}

const headerOf = ({ name, form, text, isInverted, rest }: HeaderDraft): HeaderMatch => ({
  Name: name.trim(),
  ...(form === 'Present' ? { Present: true } : { [form]: text }),
  ...(isInverted && { Invert: true }),
  ...rest,
});

/** What the server would refuse, said before it is asked; undefined: nothing that is known here. */
export function faultOf({ source, destination, effect, permissions }: IntentionDraft): string | undefined {
  if (source.trim() === '' || destination.trim() === '') return 'Both a source and a destination are needed.';
  if (effect !== 'by request') return undefined;
  if (destination.trim() === '*') return 'Permissions need one destination: they cannot be given for every service.';
  if (permissions.length === 0) return 'Add a permission, or choose allow or deny.';
  return permissions.map(permissionFault).find((fault) => fault !== undefined);
}

function permissionFault(permission: PermissionDraft, at: number): string | undefined {
  const { pathForm, path, methods, headers } = permission;
  const which = `Permission ${at + 1}`;
  if (pathForm === 'any' && headers.length === 0 && methodsOf(methods).length === 0)
    return `${which} matches nothing in particular: give a path, a method or a header.`;
  if ((pathForm === 'PathExact' || pathForm === 'PathPrefix') && !path.trim().startsWith('/'))
    return `${which}: a path begins with /.`;
  if (pathForm === 'PathRegex' && path.trim() === '') return `${which}: the expression is empty.`;
  if (headers.some(({ name }) => name.trim() === '')) return `${which}: a header has no name.`;
  if (headers.some(({ form, text }) => form !== 'Present' && text === '')) return `${which}: a header has no value.`;
  return undefined;
}

/** One permission in words: `allow GET, POST of /api/…, X-Team is a`. */
export function permissionText({ Action, HTTP = {}, JWT }: Permission): string {
  const path = [
    HTTP.PathExact !== undefined && HTTP.PathExact,
    HTTP.PathPrefix !== undefined && `${HTTP.PathPrefix}…`,
    HTTP.PathRegex !== undefined && `/${HTTP.PathRegex}/`,
  ].find((each) => each !== false);
  const headers = (HTTP.Header ?? []).map(headerDraftOf).map(headerText);
  return [
    `${Action} ${HTTP.Methods?.join(', ') ?? 'any method'}${path === undefined ? '' : ` of ${path}`}`,
    ...headers,
    ...(JWT === undefined ? [] : ['with a token']),
  ].join(', ');
}

const headerText = ({ name, form, text, isInverted }: HeaderDraft): string =>
  `${name} ${isInverted ? 'not ' : ''}${form === 'Present' ? 'present' : `${form.toLowerCase()} ${text}`}`;
