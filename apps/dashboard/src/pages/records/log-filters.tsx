export interface LogField {
  /** Parameter of the route. */
  readonly name: string;
  readonly title: string;
  readonly kind: 'search' | 'text' | 'time' | readonly string[];
  readonly placeholder?: string;
}

export interface LogFiltersProps {
  readonly fields: readonly LogField[];
  readonly values: Readonly<Record<string, string>>;
  readonly change: (values: Readonly<Record<string, string>>) => void;
}

/** Fields of a log's search; what is empty is not asked for. */
export function LogFilters({ fields, values, change }: LogFiltersProps) {
  const isFiltered = Object.values(values).some((value) => value !== '');
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      {fields.map((field) => (
        <label class="field" key={field.name}>
          <span>{field.title}</span>
          <Input
            field={field}
            value={values[field.name] ?? ''}
            set={(value) => change({ ...values, [field.name]: value })}
          />
        </label>
      ))}
      <button type="button" class="button button-plain" disabled={!isFiltered} onClick={() => change({})}>
        Clear
      </button>
    </form>
  );
}

interface InputProps {
  readonly field: LogField;
  readonly value: string;
  readonly set: (value: string) => void;
}

function Input({ field: { name, kind, placeholder }, value, set }: InputProps) {
  if (typeof kind !== 'string')
    return (
      <select name={name} value={value} onChange={(event) => set(event.currentTarget.value)}>
        <option value="">any</option>
        {kind.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    );
  return (
    <input
      name={name}
      type={kind === 'time' ? 'datetime-local' : kind}
      autocomplete="off"
      spellcheck={false}
      placeholder={placeholder}
      value={value}
      onInput={(event) => set(event.currentTarget.value)}
    />
  );
}

/** The filter as the route takes it: trimmed, times as moments in UTC. */
export const queryOf = (
  fields: readonly LogField[],
  values: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    fields.flatMap(({ name, kind }) => {
      const value = (values[name] ?? '').trim();
      if (value === '') return [];
      return [[name, kind === 'time' ? new Date(value).toISOString() : value]];
    }),
  );
