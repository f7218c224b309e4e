/** Which methods a path serves; used only for requests no route took. */
export class RouteTable {
  readonly #patterns = new Map<string, { readonly segments: readonly string[]; readonly methods: Set<string> }>();

  add(methods: string | readonly string[], pattern: string): void {
    const known = this.#patterns.get(pattern) ?? { segments: pattern.split('/'), methods: new Set<string>() };
    this.#patterns.set(pattern, known);
    for (const method of typeof methods === 'string' ? [methods] : methods) known.methods.add(method);
  }

  /** The methods declared for `path` (without its query), sorted; empty when the path is unknown. */
  methodsOf(path: string): readonly string[] {
    const segments = path.split('/');
    const found = new Set<string>();
    for (const pattern of this.#patterns.values()) {
      if (matches(pattern.segments, segments)) for (const method of pattern.methods) found.add(method);
    }
    return [...found].toSorted();
  }
}

const matches = (pattern: readonly string[], path: readonly string[]): boolean => {
  const wildcard = pattern.at(-1) === '*';
  if (wildcard ? path.length < pattern.length : path.length !== pattern.length) return false;
  return pattern.every((part, at) => part === '*' || (part.startsWith(':') ? path[at] !== '' : part === path[at]));
};
