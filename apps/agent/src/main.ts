import 'reflect-metadata';
import { Agent } from '@banyan/agent';
import { runProcess } from '@banyan/server';
import { readConfig } from './config.js';

await runProcess('agent', readConfig, (settings, { logger }) => Agent.start(settings, logger));
