import type {
  EnrolAgentReply,
  EnrolAgentRequest,
  RootsReply,
  SignIntermediateReply,
  SignIntermediateRequest,
} from '../domain/messages/bootstrap-messages.js';
import type { OpenCall } from './rpc-call.js';

/** What a server does for peers that have no certificate yet. Throws any BanyanError; the code reaches the caller. */
export abstract class BootstrapPort {
  /** Public facts: no check. */
  abstract roots(call: OpenCall): Promise<RootsReply>;
  /** The token decides whether `request.node` may join. */
  abstract enrolAgent(request: EnrolAgentRequest, call: OpenCall): Promise<EnrolAgentReply>;
  /** The token decides whether `request.datacenter` may get an intermediate. */
  abstract signIntermediate(request: SignIntermediateRequest, call: OpenCall): Promise<SignIntermediateReply>;
}
