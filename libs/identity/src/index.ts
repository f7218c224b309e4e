export { parseDatacenterName, parseNodeName, parseServiceName } from './domain/names.js';
export { serviceSni } from './domain/sni.js';
export {
  type AgentId,
  formatSpiffeId,
  type MeshGatewayId,
  parseSpiffeId,
  type ServerId,
  type ServiceId,
  type SigningId,
  type SpiffeId,
} from './domain/spiffe-id.js';
export { TrustDomain } from './domain/trust-domain.js';
