import { readFileSync } from 'node:fs';
import { type AgentProcessSettings, agentSettings } from '@banyan/host-agent';
import { readSettings } from '@banyan/settings';

/** The settings of this process, read once. */
export const readConfig = (): AgentProcessSettings =>
  readSettings(agentSettings, { env: process.env, readFile: (path) => readFileSync(path, 'utf8') });
