import { z } from 'zod';
import { addressesText, count, csrText, datacenterText, jsonText, nameText, pemText, tokenText } from './bounds.js';

/** `banyan.bootstrap.v1.RootsRequest`: nothing to say. */
export const RootsRequest = z.object({});
export type RootsRequest = z.output<typeof RootsRequest>;

/** `banyan.bootstrap.v1.RootTransition`: believed only as far as its signature goes. Fields that a kind has not are empty. */
export const RootTransition = z.object({
  kind: z.enum(['vouched', 'tainted', 'unvouched']),
  fromFingerprint: z.string().max(128),
  fromPem: pemText,
  crossSignedPem: pemText,
  nextFingerprint: z.string().max(128),
});
export type RootTransition = z.output<typeof RootTransition>;

/** `banyan.bootstrap.v1.RootsReply`: public facts, to be believed only after a check against the pin. */
export const RootsReply = z.object({
  trustDomain: nameText,
  datacenter: datacenterText,
  rootPems: z.array(pemText).max(64),
  bundleJson: jsonText.optional(),
  transitions: z.array(RootTransition).max(64).optional(),
  serverMs: count.optional(),
});
export type RootsReply = z.output<typeof RootsReply>;

/** `banyan.bootstrap.v1.EnrolAgentRequest`. */
export const EnrolAgentRequest = z.object({ token: tokenText, node: nameText, csrPem: csrText });
export type EnrolAgentRequest = z.output<typeof EnrolAgentRequest>;

/** `banyan.bootstrap.v1.EnrolAgentReply`: the certificate with its intermediates, and the trust bundle. */
export const EnrolAgentReply = z.object({ certificatePem: pemText, bundleJson: jsonText });
export type EnrolAgentReply = z.output<typeof EnrolAgentReply>;

/** `banyan.bootstrap.v1.SignIntermediateRequest`: of the new key, only its request travels. */
export const SignIntermediateRequest = z.object({
  token: tokenText,
  datacenter: datacenterText,
  csrPem: csrText,
  wanAddress: addressesText,
  rootId: z.string().max(128).optional(),
});
export type SignIntermediateRequest = z.output<typeof SignIntermediateRequest>;

/** `banyan.bootstrap.v1.SignIntermediateReply`. */
export const SignIntermediateReply = z.object({
  certificatePem: pemText,
  rootId: z.string().max(128),
  bundleJson: jsonText,
});
export type SignIntermediateReply = z.output<typeof SignIntermediateReply>;
