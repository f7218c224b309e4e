interface NameFieldProps {
  readonly label: string;
  readonly value: string;
  readonly names: readonly string[];
  readonly change: (text: string) => void;
}

/** Names that are offered while somebody types; of ten thousand all would be too many. */
const MOST_OFFERED = 50;

/** A field for the name of a service, which offers those that the catalog has. */
export function NameField({ label, value, names, change }: NameFieldProps) {
  const id = `names-${label.toLowerCase()}`;
  const text = value.toLowerCase();
  const offered = names.filter((name) => name.toLowerCase().includes(text)).slice(0, MOST_OFFERED);
  return (
    <label class="field">
      <span>{label}</span>
      <input
        list={id}
        autocomplete="off"
        spellcheck={false}
        placeholder="service, or *"
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <datalist id={id}>
        {offered.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
