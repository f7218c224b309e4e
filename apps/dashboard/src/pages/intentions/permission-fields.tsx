import {
  EMPTY_HEADER,
  EMPTY_PERMISSION,
  HEADER_FORMS,
  type HeaderDraft,
  type HeaderForm,
  type PathForm,
  type PermissionDraft,
} from './draft.js';

export interface PermissionFieldsProps {
  readonly permissions: readonly PermissionDraft[];
  readonly change: (permissions: readonly PermissionDraft[]) => void;
}

const PATHS: readonly (readonly [PathForm, string])[] = [
  ['PathPrefix', 'path begins with'],
  ['PathExact', 'path is'],
  ['PathRegex', 'path matches'],
  ['any', 'any path'],
];

const HEADERS: Readonly<Record<HeaderForm, string>> = {
  Exact: 'is',
  Prefix: 'begins with',
  Suffix: 'ends with',
  Contains: 'contains',
  Regex: 'matches',
  Present: 'is there',
};

/** Permissions in their order: the first that matches a request decides about it. */
export function PermissionFields({ permissions, change }: PermissionFieldsProps) {
  const replace = (at: number, changes: Partial<PermissionDraft>): void =>
    change(permissions.map((each, place) => (place === at ? { ...each, ...changes } : each)));
  return (
    <ol class="permissions">
      {permissions.map((permission, at) => (
        <li key={at}>
          <fieldset>
            <legend>Permission {at + 1}</legend>
            <OnePermission permission={permission} set={(changes) => replace(at, changes)} />
            <button
              type="button"
              class="button button-plain"
              aria-label={`Remove permission ${at + 1}`}
              onClick={() => change(permissions.filter((_, place) => place !== at))}
            >
              Remove
            </button>
          </fieldset>
        </li>
      ))}
      <li>
        <button type="button" class="button" onClick={() => change([...permissions, EMPTY_PERMISSION])}>
          Add a permission
        </button>
      </li>
    </ol>
  );
}

interface OneProps {
  readonly permission: PermissionDraft;
  readonly set: (changes: Partial<PermissionDraft>) => void;
}

function OnePermission({ permission, set }: OneProps) {
  const { action, pathForm, path, methods, headers, rest } = permission;
  return (
    <>
      <div class="fields">
        <label class="field">
          <span>It</span>
          <select value={action} onChange={(event) => set({ action: event.currentTarget.value as 'allow' | 'deny' })}>
            <option value="allow">allows</option>
            <option value="deny">denies</option>
          </select>
        </label>
        <label class="field">
          <span>Methods (empty: any)</span>
          <input
            placeholder="GET, POST"
            value={methods}
            onInput={(event) => set({ methods: event.currentTarget.value })}
          />
        </label>
        <label class="field">
          <span>Where</span>
          <select value={pathForm} onChange={(event) => set({ pathForm: event.currentTarget.value as PathForm })}>
            {PATHS.map(([form, words]) => (
              <option key={form} value={form}>
                {words}
              </option>
            ))}
          </select>
        </label>
        {pathForm !== 'any' && (
          <label class="field">
            <span>Path</span>
            <input value={path} onInput={(event) => set({ path: event.currentTarget.value })} />
          </label>
        )}
      </div>
      <HeaderFields headers={headers} change={(next) => set({ headers: next })} />
      {rest.JWT !== undefined && <p class="muted">It also asks for a token (JWT); that stays as it is.</p>}
    </>
  );
}

interface HeaderFieldsProps {
  readonly headers: readonly HeaderDraft[];
  readonly change: (headers: readonly HeaderDraft[]) => void;
}

function HeaderFields({ headers, change }: HeaderFieldsProps) {
  const replace = (at: number, changes: Partial<HeaderDraft>): void =>
    change(headers.map((each, place) => (place === at ? { ...each, ...changes } : each)));
  return (
    <>
      {headers.map((header, at) => (
        <div class="fields header-fields" key={at}>
          <label class="field">
            <span>Header</span>
            <input value={header.name} onInput={(event) => replace(at, { name: event.currentTarget.value })} />
          </label>
          <label class="field">
            <span>Form</span>
            <select
              value={header.form}
              onChange={(event) => replace(at, { form: event.currentTarget.value as HeaderForm })}
            >
              {HEADER_FORMS.map((form) => (
                <option key={form} value={form}>
                  {HEADERS[form]}
                </option>
              ))}
            </select>
          </label>
          {header.form !== 'Present' && (
            <label class="field">
              <span>Value</span>
              <input value={header.text} onInput={(event) => replace(at, { text: event.currentTarget.value })} />
            </label>
          )}
          <label class="check">
            <input
              type="checkbox"
              checked={header.isInverted}
              onChange={(event) => replace(at, { isInverted: event.currentTarget.checked })}
            />
            not
          </label>
          <button
            type="button"
            class="button button-plain"
            aria-label={`Remove header ${header.name}`}
            onClick={() => change(headers.filter((_, place) => place !== at))}
          >
            Remove
          </button>
        </div>
      ))}
      <button type="button" class="button button-plain" onClick={() => change([...headers, EMPTY_HEADER])}>
        Add a header
      </button>
    </>
  );
}
