export { Agent } from './agent.js';
export { type AgentProcessSettings, agentSettings } from './agent-settings.js';
