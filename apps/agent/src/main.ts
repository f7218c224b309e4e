import 'reflect-metadata';
import { Agent } from '@banyan/host-agent';
import { runProcess } from '@banyan/boot';
import { readConfig } from './config.js';

await runProcess('agent', readConfig, (settings, { logger }) => Agent.start(settings, logger));
