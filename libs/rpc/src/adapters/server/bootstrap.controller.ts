import { Logger } from '@banyan/kernel';
import type { Metadata, ServerUnaryCall } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import {
  type EnrolAgentReply,
  EnrolAgentRequest,
  type RootsReply,
  type SignIntermediateReply,
  SignIntermediateRequest,
} from '../../domain/messages/bootstrap-messages.js';
import { BootstrapPort } from '../../ports/bootstrap-port.js';
import { answer, openCall, parsed } from './answer.js';

type Call = ServerUnaryCall<unknown, unknown>;

/** Serves `banyan.bootstrap.v1`: translates and delegates. Which methods an edge opens is the gate's business. */
@Controller()
export class BootstrapController {
  constructor(
    private readonly port: BootstrapPort,
    private readonly logger: Logger,
  ) {}

  @GrpcMethod('Bootstrap', 'Roots')
  roots(_request: unknown, _metadata: Metadata, call: Call): Promise<RootsReply> {
    return answer(this.logger, () => this.port.roots(openCall(call)));
  }

  @GrpcMethod('Bootstrap', 'EnrolAgent')
  enrolAgent(request: unknown, _metadata: Metadata, call: Call): Promise<EnrolAgentReply> {
    return answer(this.logger, () => this.port.enrolAgent(parsed(EnrolAgentRequest, request), openCall(call)));
  }

  @GrpcMethod('Bootstrap', 'SignIntermediate')
  signIntermediate(request: unknown, _metadata: Metadata, call: Call): Promise<SignIntermediateReply> {
    return answer(this.logger, () =>
      this.port.signIntermediate(parsed(SignIntermediateRequest, request), openCall(call)),
    );
  }
}
