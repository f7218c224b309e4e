export { ConnectRoutes, type ConnectRoutesParts } from './adapters/connect-routes.js';
export { LocalServices } from './adapters/local-services.js';
export { type LocalService } from './adapters/services-file.js';
export { ServerRoutes } from './adapters/server-routes.js';
export { TokenCache } from './adapters/token-cache.js';
export { AgentApiModule } from './agent-api.module.js';
export { CheckRunner } from './checks/check-runner.js';
export { AgentSettings } from './ports/agent-settings.js';
export { type CarriedAnswer, type CarriedRequest, ServerCalls } from './ports/server-calls.js';
