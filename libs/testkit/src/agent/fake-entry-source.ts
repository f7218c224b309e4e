import type { EntryEvent, EntryRequest, EntrySource } from '@banyan/agent-cache';
import { BanyanError, type SecretText } from '@banyan/kernel';

/** What a server answers to a followed read. */
export interface PublishedAnswer {
  readonly index: number;
  /** Text is sent as it is, anything else as JSON. */
  readonly body: unknown;
  /** 200 unless given. */
  readonly status?: number;
}

/** Servers whose answers the test publishes; followers see the present one, then each later one, in order of publishing. */
export class FakeEntrySource implements EntrySource {
  /** Every read that was followed, again after each loss. */
  readonly followed: EntryRequest[] = [];
  readonly #answers = new Map<string, EntryEvent>();
  readonly #wakes = new Set<() => void>();
  #isAway = false;

  /** Sets the answer for everybody, or for one token only. */
  publish(path: string, { index, body, status = 200 }: PublishedAnswer, token?: string): void {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.#answers.set(keyOf(path, token ?? '*'), { index, status, body: Buffer.from(text) });
    this.#wakeAll();
  }

  /** While true, followers are thrown out and nobody can follow. */
  get isAway(): boolean {
    return this.#isAway;
  }

  set isAway(away: boolean) {
    this.#isAway = away;
    this.#wakeAll();
  }

  async *follow(request: EntryRequest, signal: AbortSignal): AsyncGenerator<EntryEvent> {
    this.followed.push(request);
    let seen: EntryEvent | undefined;
    while (!signal.aborted) {
      if (this.#isAway) throw new BanyanError('SERVER_UNREACHABLE', 'the fake servers are away');
      const answer = this.#answerOf(request.path, request.token);
      if (answer !== undefined && answer !== seen) {
        seen = answer;
        yield answer;
      } else {
        await this.#changed(signal);
      }
    }
  }

  #answerOf(path: string, token: SecretText | undefined): EntryEvent | undefined {
    return this.#answers.get(keyOf(path, token?.reveal() ?? '')) ?? this.#answers.get(keyOf(path, '*'));
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#wakes.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#wakes.add(end);
      signal.addEventListener('abort', end, { once: true });
    });
  }

  #wakeAll(): void {
    for (const wake of this.#wakes) wake();
  }
}

const keyOf = (path: string, token: string): string => `${token} ${path}`;
