import { expect } from '@jest/globals';
import type { Datacenter } from './datacenter.js';
import { eventually, Hopeless } from './eventually.js';
import type { HttpAnswer } from './http-call.js';

/** Who stands in the way, as the API names them. */
export interface BlockerAnswer {
  readonly Datacenter: string;
  readonly Node?: string;
  readonly Reason: string;
  readonly Detail: string;
}

/** What is read of a plan. */
export interface PlanAnswer {
  readonly PlanHash: string;
  readonly Plan: {
    readonly LeavingRootID: string;
    readonly CrossSign: boolean;
    readonly Datacenters: readonly { readonly Datacenter: string; readonly Workloads: number }[];
    readonly Totals: { readonly Datacenters: number; readonly Agents: number; readonly Signatures: number };
    readonly Blockers: readonly BlockerAnswer[];
  };
}

/** What is read of a rotation. */
export interface RotationAnswer {
  readonly ID: string;
  readonly Phase: string;
  readonly Health: string;
  readonly Possible: readonly string[];
  readonly RootID?: string;
  readonly PreviousRootID?: string;
  readonly CrossSigned: boolean;
  readonly Blockers: readonly BlockerAnswer[];
  readonly Datacenters: readonly {
    readonly Datacenter: string;
    readonly HoldsRoot: boolean;
    readonly Staged: boolean;
    readonly SigningRootID?: string;
    readonly Agents: { readonly Live: number; readonly Trusting: number };
    readonly Leaves: { readonly Staying: number; readonly Leaving: number };
    readonly Shadow: { readonly RootID?: string; readonly Failed: number };
  }[];
  readonly Gates: Readonly<
    Record<string, { readonly Met: boolean; readonly Blockers: readonly BlockerAnswer[] } | undefined>
  >;
  readonly Deadline?: string;
  readonly Reason: string;
  readonly Waivers: readonly { readonly Datacenter: string; readonly Node?: string; readonly Reason: string }[];
  readonly Journal: readonly {
    readonly Actor: string;
    readonly From: string;
    readonly Event: string;
    readonly To: string;
    readonly Text: string;
  }[];
}

/** Short waits: everybody is asked for all the same, and nobody is stepped over within the first minute. */
export const SHORT = { DistributeWait: '60s', VerifyWindow: '2s', RetireGrace: '1s' } as const;

/** The way of a rotation that nothing disturbs. */
export const WHOLE_WAY = ['prepare', 'distribute', 'activate', 'verify', 'retire', 'completed'] as const;

const PATH = '/v1/connect/ca/rotations';
/** Reports come every 3 s at least; the machine the tests run on may be busy. */
const PHASE_LIMIT_MS = 40_000;
const FINISHED = ['completed', 'rolled-back', 'failed'];

/** Rotations, as an operator asks for them at the server of a datacenter. */
export class Rotations {
  constructor(private readonly datacenter: Datacenter) {}

  plan(body: object = {}): Promise<PlanAnswer> {
    return this.datacenter.askServer({ method: 'POST', path: PATH, body: { ...SHORT, ...body, DryRun: true } });
  }

  /** Whatever the server says to a start. */
  tryStart(body: object): Promise<HttpAnswer> {
    return this.datacenter.callServer({ method: 'POST', path: PATH, body: { ...SHORT, ...body } });
  }

  /** Plans and starts by the plan's hash; plans again when the world changed in between, as an operator would. */
  start(body: object = {}): Promise<RotationAnswer> {
    return eventually('a rotation starts as planned', { limitMs: 15_000, everyMs: 200 }, async () => {
      const { PlanHash } = await this.plan(body);
      return started(await this.tryStart({ ...body, PlanHash }));
    });
  }

  /** Plans a taint; `body` has the root and the reason. */
  planTaint(body: object): Promise<PlanAnswer> {
    return this.datacenter.askServer({ method: 'POST', path: '/v1/connect/ca/taint', body: { ...body, DryRun: true } });
  }

  taint(body: object): Promise<RotationAnswer> {
    return eventually('a taint starts as planned', { limitMs: 15_000, everyMs: 200 }, async () => {
      const { PlanHash } = await this.planTaint(body);
      return started(
        await this.datacenter.callServer({
          method: 'POST',
          path: '/v1/connect/ca/taint',
          body: { ...body, PlanHash },
        }),
      );
    });
  }

  list(): Promise<readonly RotationAnswer[]> {
    return this.datacenter.askServer({ path: PATH });
  }

  read(id: string): Promise<RotationAnswer> {
    return this.datacenter.askServer({ path: `${PATH}/${id}` });
  }

  /** A person's step; the rotation after it. */
  act(id: string, verb: string, body?: object): Promise<RotationAnswer> {
    return this.datacenter.askServer({
      method: 'PUT',
      path: `${PATH}/${id}/${verb}`,
      ...(body !== undefined && { body }),
    });
  }

  /** Whatever the server says to a person's step. */
  tryAct(id: string, verb: string, body?: object): Promise<HttpAnswer> {
    return this.datacenter.callServer({
      method: 'PUT',
      path: `${PATH}/${id}/${verb}`,
      ...(body !== undefined && { body }),
    });
  }

  /** Waits until the rotation is in that phase. */
  reaches(id: string, phase: string, limitMs = PHASE_LIMIT_MS): Promise<RotationAnswer> {
    return this.until(id, `phase ${phase}`, (rotation) => rotation.Phase === phase, limitMs);
  }

  /** Waits until the rotation is as `isSo` asks; a finished one no longer changes. */
  until(
    id: string,
    what: string,
    isSo: (rotation: RotationAnswer) => boolean,
    limitMs = PHASE_LIMIT_MS,
  ): Promise<RotationAnswer> {
    return eventually(`rotation ${id}: ${what}`, { limitMs }, async () => {
      const rotation = await this.read(id);
      if (isSo(rotation)) return rotation;
      if (FINISHED.includes(rotation.Phase)) throw new Hopeless(`it is ${rotation.Phase}: ${journalOf(rotation)}`);
      throw new Error(`it is in ${rotation.Phase}, ${rotation.Health}: ${JSON.stringify(rotation.Blockers)}`);
    });
  }

  /** Reads by blocking queries until the rotation is finished; every answer there was. */
  async follow(id: string): Promise<readonly RotationAnswer[]> {
    const answers: RotationAnswer[] = [];
    let index = 0;
    const until = performance.now() + 90_000;
    while (!FINISHED.includes(answers.at(-1)?.Phase ?? '')) {
      if (performance.now() > until) throw new Error(`rotation ${id} is still in ${answers.at(-1)?.Phase}`);
      const { status, headers, text } = await this.datacenter.callServer({
        path: `${PATH}/${id}?index=${index}&wait=10s`,
        limitMs: 25_000,
      });
      expect({ status, text: status === 200 ? '' : text }).toEqual({ status: 200, text: '' });
      index = Number(headers['x-consul-index']);
      answers.push(JSON.parse(text) as RotationAnswer);
    }
    return answers;
  }
}

/** The phases a rotation went through, in order, by its journal: each once, or it was made twice. */
export const wayOf = ({ Journal }: RotationAnswer): readonly string[] => [
  ...Journal.slice(0, 1).map(({ To }) => To),
  ...Journal.filter(({ From, To }) => From !== To).map(({ To }) => To),
];

const journalOf = ({ Journal }: RotationAnswer): string =>
  Journal.map(({ From, Event, To, Text }) => `${From} ${Event} ${To} (${Text})`).join('; ');

const started = ({ status, text }: HttpAnswer): RotationAnswer => {
  if (status === 200) return JSON.parse(text) as RotationAnswer;
  const error = `it answered ${status}: ${text}`;
  throw /plan/i.test(text) && status === 409 ? new Error(error) : new Hopeless(error);
};
