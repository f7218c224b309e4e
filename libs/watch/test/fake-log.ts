import { type StateIndex, stateIndex } from '@banyan/kernel';
import { type Change, type ChangePage, CommitLogReader, type Projection } from '../src/index.js';

/** A log in memory with rows behind it, and the failures of a real one: away, trimmed, restored. */
export class FakeLog extends CommitLogReader {
  readonly rows = new Map<string, number>();
  epoch = 'epoch-1';
  away = false;
  reads = 0;
  #latest = 1;
  #log: Change[] = [];
  #hints = new Set<() => void>();

  commit(...keys: string[]): StateIndex {
    this.#latest += 1;
    const index = stateIndex(this.#latest);
    for (const name of keys) {
      const [topic = '', key = ''] = name.split('/');
      this.rows.set(name, this.#latest);
      this.#log.push({ index, topic, key, operation: 'upsert', contentHash: `${name}@${index}` });
    }
    return index;
  }

  hint(): void {
    for (const onHint of this.#hints) onHint();
  }

  trim(): void {
    this.#log = [];
  }

  /** Goes back to an empty store of another epoch, then forward by `commits`. */
  restore(commits: number): void {
    this.epoch += "'";
    this.rows.clear();
    this.#log = [];
    this.#latest = 1;
    for (let i = 0; i < commits; i += 1) this.commit('intention/restored');
  }

  override async currentIndex(): Promise<StateIndex> {
    this.#answer();
    return stateIndex(this.#latest);
  }

  override async changesAfter(index: StateIndex, limit: number): Promise<ChangePage> {
    this.#answer();
    this.reads += 1;
    const rest = this.#log.filter((change) => change.index > index);
    const end = rest[Math.min(limit, rest.length) - 1]?.index ?? 0;
    const complete = (this.#log[0]?.index ?? this.#latest + 1) - 1;
    return {
      changes: rest.filter((change) => change.index <= end),
      latest: stateIndex(this.#latest),
      reachesBack: index >= complete && index <= this.#latest,
      epoch: this.epoch,
    };
  }

  override async listen(onHint: () => void): Promise<{ close(): Promise<void> }> {
    this.#hints.add(onHint);
    return {
      close: async () => {
        this.#hints.delete(onHint);
      },
    };
  }

  #answer(): void {
    if (this.away) throw new Error('the log is away');
  }
}

/** Rows of some topics of a {@link FakeLog}, read again when they change, as a room does it. */
export class FakeProjection implements Projection {
  readonly rows = new Map<string, number>();
  loads = 0;
  failures = 0;

  constructor(
    private readonly log: FakeLog,
    readonly topics: readonly string[],
  ) {}

  async load(): Promise<void> {
    this.loads += 1;
    this.rows.clear();
    for (const [name, value] of this.log.rows)
      if (this.topics.includes(name.split('/')[0] ?? '')) this.rows.set(name, value);
  }

  async apply(changes: readonly Change[]): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the rows cannot be read');
    }
    for (const { topic, key } of changes) {
      const value = this.log.rows.get(`${topic}/${key}`);
      if (value !== undefined) this.rows.set(`${topic}/${key}`, value);
    }
  }
}
