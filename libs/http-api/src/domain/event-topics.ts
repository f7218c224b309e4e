/** What a stream of events can tell of. Of the first five the present answer of the route of that name, of the rest the index. */
export const EVENT_TOPICS = [
  'federation',
  'rotations',
  'replication',
  'adoption',
  'authorities',
  'intentions',
  'services',
  'tokens',
  'ledger',
  'audit',
] as const;
export type EventTopic = (typeof EVENT_TOPICS)[number];

/** Parses `a,b`; unknown names are returned as `unknown`, the first of them. */
export const parseTopics = (
  text: string | undefined,
): { readonly topics: readonly EventTopic[] } | { readonly unknown: string } => {
  const names = (text ?? '').split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !isTopic(name));
  if (unknown !== undefined) return { unknown };
  return { topics: names.length === 0 ? EVENT_TOPICS : EVENT_TOPICS.filter((topic) => names.includes(topic)) };
};

export const isTopic = (name: string): name is EventTopic => (EVENT_TOPICS as readonly string[]).includes(name);

/** The state of a topic as it is told: the event's name, its body as JSON on one line, and a hash that stands for both. */
export interface TopicState {
  readonly topic: EventTopic;
  /** `unavailable` while the topic cannot be read here. */
  readonly event: EventTopic | 'unavailable';
  readonly json: string;
  readonly hash: string;
}

/** Which states a reader has, by topic: `federation:hash,ledger:hash`. Parts that are not of this form are left out. */
export const parseHeld = (text: string | undefined): Map<EventTopic, string> => {
  const held = new Map<EventTopic, string>();
  for (const part of (text ?? '').split(',')) {
    const [topic = '', hash] = part.split(':');
    if (isTopic(topic) && hash !== undefined) held.set(topic, hash);
  }
  return held;
};

/** The opposite of {@link parseHeld}. */
export const heldText = (held: ReadonlyMap<EventTopic, string>): string =>
  [...held].map(([topic, hash]) => `${topic}:${hash}`).join(',');
