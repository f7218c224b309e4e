import { requirePermission } from '@banyan/acl';
import { Access, type Answer, answerJson, Audited, Call, HttpCall, Input, type InputOf } from '@banyan/http-kit';
import { BanyanError } from '@banyan/kernel';
import {
  DEFAULT_POLICY,
  ROTATION_TOPICS,
  type RotationAct,
  RotationReader,
  type RotationRequest,
  type TaintRequest,
  toWireRotation,
} from '@banyan/rotation';
import { Controller, Get, HttpCode, Post, Put } from '@nestjs/common';
import { RotationDesk } from '../ports/rotation-desk.js';
import { BlockingReads } from './blocking-reads.js';
import {
  actInput,
  listInput,
  oneInput,
  policyOf,
  type RotateBody,
  retireInput,
  rotateInput,
  taintInput,
  waiveInput,
} from './rotation.inputs.js';
import { writeContextOf } from './write-context.js';

const OK = 200;

/** `/v1/connect/ca/rotations` and `/v1/connect/ca/taint`: the phased change of the root, beside Consul's routes. */
@Controller('/v1/connect/ca')
export class RotationController {
  constructor(
    private readonly reader: RotationReader,
    private readonly desk: RotationDesk,
    private readonly reads: BlockingReads,
  ) {}

  @Get('/rotations')
  @Access('operator:read')
  list(@Input(listInput) { query }: InputOf<typeof listInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    return this.reads.answer({ query, call, topics: ROTATION_TOPICS }, () => this.reader.list().map(toWireRotation));
  }

  @Get('/rotations/:id')
  @Access('operator:read')
  one(@Input(oneInput) { params, query }: InputOf<typeof oneInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    return this.reads.answer({ query, call, topics: ROTATION_TOPICS }, () => this.#wire(params.id));
  }

  /** A dry run answers the plan and its hash; a start quotes the hash. */
  @Post('/rotations')
  @Audited('rotation.start')
  @HttpCode(OK)
  @Access('operator:write')
  async rotate(@Input(rotateInput) { body }: InputOf<typeof rotateInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'write' });
    // An empty body is undefined, whatever its schema says.
    const given = (body as RotateBody | undefined) ?? {};
    return this.#started(call, given, requestOf(given));
  }

  /** A dry run lists what will break, by name. */
  @Post('/taint')
  @Audited('root.taint')
  @HttpCode(OK)
  @Access('operator:write')
  async taint(@Input(taintInput) { body }: InputOf<typeof taintInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'write' });
    const order = {
      note: body.Reason,
      policy: { ...DEFAULT_POLICY, ...(body.Deadline !== undefined && { deadlineMs: body.Deadline }) },
    };
    const rootId = body.RootID ?? body.RootPEM?.fingerprintSha1;
    if (rootId === undefined) {
      const { Datacenter: datacenter = '' } = body;
      return this.#started(call, body, { ...order, crossSign: false, datacenter, compromised: true });
    }
    const request: TaintRequest = { ...order, rootId, ...(body.RootPEM && { rootPem: body.RootPEM.pem }) };
    const context = writeContextOf(call);
    if (body.DryRun === true) return answerJson(await this.desk.planTaint(context, request));
    const id = await this.desk.taint(context, request, { planHash: body.PlanHash });
    return answerJson(this.#wire(id));
  }

  async #started(
    call: HttpCall,
    { DryRun, PlanHash }: Pick<RotateBody, 'DryRun' | 'PlanHash'>,
    request: RotationRequest,
  ): Promise<Answer> {
    const context = writeContextOf(call);
    if (DryRun === true) return answerJson(await this.desk.plan(context, request));
    return answerJson(this.#wire(await this.desk.start(context, request, { planHash: PlanHash })));
  }

  @Put('/rotations/:id/pause')
  @Audited('rotation.pause')
  @Access('operator:write')
  pause(@Input(actInput) input: InputOf<typeof actInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.#act(call, input, { verb: 'pause', ...reasonOf(input) });
  }

  @Put('/rotations/:id/resume')
  @Audited('rotation.resume')
  @Access('operator:write')
  resume(@Input(actInput) input: InputOf<typeof actInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.#act(call, input, { verb: 'resume', ...reasonOf(input) });
  }

  @Put('/rotations/:id/rollback')
  @Audited('rotation.rollback')
  @Access('operator:write')
  rollback(@Input(actInput) input: InputOf<typeof actInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.#act(call, input, { verb: 'rollback', ...reasonOf(input) });
  }

  @Put('/rotations/:id/advance')
  @Audited('rotation.advance')
  @Access('operator:write')
  advance(@Input(actInput) input: InputOf<typeof actInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.#act(call, input, { verb: 'advance', ...reasonOf(input) });
  }

  @Put('/rotations/:id/retire')
  @Audited('rotation.retire')
  @Access('operator:write')
  retire(@Input(retireInput) input: InputOf<typeof retireInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.#act(call, input, { verb: 'retire', ...reasonOf(input) });
  }

  @Put('/rotations/:id/waive')
  @Audited('rotation.waive')
  @Access('operator:write')
  waive(@Input(waiveInput) input: InputOf<typeof waiveInput>, @Call() call: HttpCall): Promise<Answer> {
    const { Datacenter, Node, Reason = '' } = input.body;
    return this.#act(call, input, {
      verb: 'waive',
      datacenter: Datacenter,
      ...(Node !== undefined && { node: Node }),
      reason: Reason,
    });
  }

  /** A dry run answers what the step would do and who would break; with its hash the step is taken only while that is so. */
  async #act(call: HttpCall, { params, body }: StepInput, step: RotationAct): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'write' });
    const { DryRun, PlanHash } = body ?? {};
    const act: RotationAct = { ...step, ...(PlanHash !== undefined && { planHash: PlanHash }) };
    const context = writeContextOf(call);
    if (DryRun === true) return answerJson(await this.desk.preview(context, params.id, act));
    return answerJson(this.#wire(await this.desk.act(context, params.id, act)));
  }

  #wire(id: string): ReturnType<typeof toWireRotation> {
    const found = this.reader.find(id);
    if (found === undefined) throw new BanyanError('ROTATION_NOT_FOUND', `there is no rotation ${id}`);
    return toWireRotation(found);
  }
}

const requestOf = (body: RotateBody): RotationRequest => ({
  ...(body.Provider !== undefined && { provider: body.Provider }),
  ...(body.Config !== undefined && { options: body.Config }),
  crossSign: body.ForceWithoutCrossSigning !== true,
  note: body.Reason ?? '',
  ...(body.Scope !== undefined && { datacenter: body.Scope.Datacenter }),
  ...(body.Compromised === true && { compromised: true }),
  policy: policyOf(body),
});

/** A step's input; an empty body is undefined, whatever its schema says. */
interface StepInput {
  readonly params: { readonly id: string };
  readonly body: InputOf<typeof actInput>['body'] | undefined;
}

const reasonOf = ({ body }: StepInput): { reason?: string } =>
  body?.Reason === undefined ? {} : { reason: body.Reason };
