import { contentHash } from '@banyan/kernel';
import { type Blocker, MOST_BLOCKERS } from './blocker.js';
import type { EventOf, Look, RotationEffect, Verb } from './event.js';
import { gateOf, wayOn } from './gated-steps.js';
import { agentsNotTrusting, sumOver } from './gates/agents-behind.js';
import { iso } from './gates/verdict.js';
import { keyNeeds } from './gates/key.js';
import { needsOfLeaving } from './gates/verify.js';
import { illegalStep, next } from './next.js';
import { keyOf } from './key-scope.js';
import { isFinished } from './phase.js';
import { type Rotation, rootsOf } from './rotation.js';

/** What a person's step would do, before it is done. */
export interface StepPreview {
  /** In words and numbers, a sentence each. */
  readonly effect: readonly string[];
  /** Who would break by it as things stand, those that were waived included: at most 100 by name. */
  readonly breaks: readonly Blocker[];
  /** All of them. */
  readonly breakCount: number;
  /** Names the step, where the rotation stands, and who breaks: equal while nothing of it changes. */
  readonly hash: string;
}

/** A person's step, before it is taken. */
export type StepEvent = EventOf<Verb>;

/** Looks at a step without taking it. Pure. Throws `ROTATION_STEP_ILLEGAL` as the step would. */
export const previewStep = (rotation: Rotation, event: StepEvent, look: Look): StepPreview => {
  const outcome = next(rotation, event);
  if (outcome.kind === 'illegal') throw illegalStep(rotation, event.kind, outcome);
  const preview = { event, look, before: rotation, after: outcome.rotation, effects: outcome.effects };
  const ahead = aheadOf(preview);
  // Both tables pair a verb with its event, which a lookup by a union cannot express.
  const effect = [
    ...ABOUT[event.kind](preview as never),
    ...moved(preview),
    ...outcome.effects.map((each) => effectText(each, look)),
    ...ahead.sentences,
  ];
  const broken = uniqueNames([...BREAKS[event.kind](preview as never), ...ahead.breaks]);
  const names = broken.map(({ datacenter, node, reason }) => `${datacenter}/${node ?? ''}/${reason}`).toSorted();
  const { id, phase, health } = rotation;
  return {
    effect,
    breaks: broken.slice(0, MOST_BLOCKERS),
    breakCount: broken.length,
    hash: contentHash({ id, phase, health, verb: event.kind, target: targetOf(event) ?? '', names }),
  };
};

interface Preview<K extends Verb = Verb> {
  readonly event: EventOf<K>;
  readonly look: Look;
  readonly before: Rotation;
  readonly after: Rotation;
  readonly effects: readonly RotationEffect[];
}

const targetOf = (event: StepEvent): string | undefined => {
  if (event.kind !== 'waive') return undefined;
  return event.node === undefined ? event.datacenter : `${event.datacenter}/${event.node}`;
};

/** What is said of each verb before its consequences. */
const ABOUT: { readonly [K in Verb]: (preview: Preview<K>) => readonly string[] } = {
  pause: ({ before: { phase, deadlineAt } }) => [
    `It stays in phase ${phase} and goes no further until it is resumed; nothing is undone, and what already moves goes on.`,
    ...(deadlineAt === undefined
      ? []
      : [`The deadline ${iso(deadlineAt)} is held, too: the compromised root stays in every bundle until then.`]),
  ],
  resume: ({ before: { phase } }) => [`The gate of phase ${phase} leads on again.`],
  rollback: ({ before: { phase } }) =>
    phase === 'prepare' ? ['Nothing was made or published: nothing else changes.'] : [],
  waive: (preview) => {
    const whom = targetOf(preview.event) ?? '';
    const named = gateBlockers(preview.before, preview).length - gateBlockers(preview.after, preview).length;
    return [
      `It no longer waits for ${whom}, in this phase and all later ones; that cannot be taken back.`,
      `${named} of what it waits for now ${named === 1 ? 'goes' : 'go'} by it.`,
    ];
  },
  advance: (preview) => {
    const behind = gateBlockers(preview.before, preview).length;
    return [
      `The gate of phase ${preview.before.phase} is stepped over; it waits for ${behind} by name, who are left behind.`,
    ];
  },
  retire: ({ before, look }) => {
    const key = keyOf(before);
    if (key !== undefined) {
      return [
        `The former key of ${key.datacenter} is denied now, without waiting for who is still under it; that cannot be undone.`,
      ];
    }
    const { leaving } = rootsOf(before);
    return [
      `Root ${leaving} leaves now, without further proof or grace; that cannot be undone.`,
      `${leavesUnder(look, (rootId) => rootId === leaving)} live leaves are known under it.`,
    ];
  },
};

const moved = ({ before, after }: Preview): readonly string[] => {
  if (before.phase === after.phase) return [];
  const end = isFinished(after.phase) ? ', its end' : '';
  return [`It goes from phase ${before.phase} to ${after.phase}${end}.`];
};

const effectText = (effect: RotationEffect, look: Look): string => {
  if (effect.kind === 'deny-key')
    return `Nobody believes key ${effect.keyFingerprint} of ${effect.datacenter} any more.`;
  const { kind, rootId } = effect;
  const others = leavesUnder(look, (each) => each !== rootId);
  const everywhere = `${look.datacenters.length} datacenters go to sign under it, and ${others} live leaves are signed again`;
  const texts: Record<typeof kind, string> = {
    publish: `Root ${rootId} goes into every bundle.`,
    activate: `Root ${rootId} becomes the active one: ${everywhere}.`,
    reactivate: `Root ${rootId} becomes the active one again: ${everywhere}.`,
    drop: `Root ${rootId} leaves every bundle, its cross-signed certificates leave the chains, and its key is destroyed.`,
    taint: `Root ${rootId} counts as compromised.`,
  };
  return texts[kind];
};

/** Where the rotation would go at once when a person only takes a hand off: what its next look leads to. */
const aheadOf = ({ event, look, after }: Preview): { sentences: readonly string[]; breaks: readonly Blocker[] } => {
  const gate = gateOf(after);
  const leadsOn = after.health !== 'paused' && (event.kind === 'resume' || event.kind === 'waive');
  if (gate === undefined || !leadsOn) return { sentences: [], breaks: [] };
  const verdict = gate(after, look, event.at);
  if (!verdict.met) {
    const until = verdict.waitsUntil === undefined ? '' : `, until ${iso(verdict.waitsUntil)} at the latest`;
    return { sentences: [`Its gate is not met: it waits for ${verdict.blockers.length} by name${until}.`], breaks: [] };
  }
  const { to, effects } = wayOn(after);
  return {
    sentences: [
      `Its gate is met then: within seconds it goes on from ${after.phase} to ${to}.`,
      ...effects.map((each) => effectText(each, look)),
    ],
    breaks: effects.some(({ kind }) => kind === 'drop' || kind === 'deny-key') ? needs(after, look, event.at) : [],
  };
};

/** A waiver spares nobody: who is waived and needs the root breaks like everybody else. */
const needs = (rotation: Rotation, look: Look, now: number): readonly Blocker[] =>
  keyOf(rotation) === undefined
    ? needsOfLeaving({ ...rotation, waivers: [] }, look, now)
    : keyNeeds({ ...rotation, waivers: [] }, look.datacenters, now);

/** Who breaks by each verb itself. */
const BREAKS: { readonly [K in Verb]: (preview: Preview<K>) => readonly Blocker[] } = {
  pause: () => [],
  resume: () => [],
  retire: ({ before, event, look }) => needs(before, look, event.at),
  waive: ({ before, event, look }) => waivedNeeds(before, event, look),
  rollback: ({ effects, look }) =>
    effects.flatMap((each) => (each.kind === 'reactivate' ? distrustful(look, each.rootId) : [])),
  // A cross-signed root is believed by who knows only the previous one; later the previous one still is in every bundle.
  advance: ({ before, event, look }) =>
    before.phase === 'distribute' && !before.crossSigned
      ? gateBlockers({ ...before, waivers: [] }, { event, look })
      : [],
};

/** Who is waived needs the root that is to go, as things stand; by the time it goes they may have followed. */
const waivedNeeds = (rotation: Rotation, event: EventOf<'waive'>, look: Look): readonly Blocker[] => {
  if (rotation.rootId === undefined && keyOf(rotation) === undefined) return [];
  const { datacenter, node } = event;
  return needs(rotation, look, event.at).filter(
    (each) => each.datacenter === datacenter && (node === undefined || node === '*' || each.node === node),
  );
};

const distrustful = ({ datacenters }: Look, rootId: string): readonly Blocker[] =>
  datacenters.flatMap(({ datacenter, adoption }) =>
    adoption === undefined ? [] : agentsNotTrusting({ ...adoption, datacenter }, rootId, []),
  );

const gateBlockers = (rotation: Rotation, { look, event }: Pick<Preview, 'look' | 'event'>): readonly Blocker[] =>
  gateOf(rotation)?.(rotation, look, event.at).blockers ?? [];

/** By the agents' reports or by the ledger, whichever knows more. */
const leavesUnder = ({ datacenters }: Look, counts: (rootId: string) => boolean): number =>
  datacenters.reduce((sum, { adoption }) => {
    if (adoption === undefined) return sum;
    return sum + Math.max(sumOver(adoption.leaves, counts), sumOver(adoption.ledgerLeaves, counts));
  }, 0);

const uniqueNames = (blockers: readonly Blocker[]): readonly Blocker[] => [
  ...new Map(blockers.map((each) => [`${each.datacenter}/${each.node ?? ''}/${each.reason}`, each])).values(),
];
