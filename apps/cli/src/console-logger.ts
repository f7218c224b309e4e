import type { Logger } from '@banyan/kernel';
import { type LogLevel, PinoLogger } from '@banyan/telemetry';
import type { Environment } from './connection.js';

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/**
 * Logs to standard output. BANYAN_LOG_FORMAT: a line for a person (default), or `json`; BANYAN_LOG_LEVEL: `info` by
 * default.
 */
export const consoleLogger = (env: Environment): Logger =>
  new PinoLogger({
    format: env['BANYAN_LOG_FORMAT'] === 'json' ? 'json' : 'line',
    level: LEVELS.find((level) => level === env['BANYAN_LOG_LEVEL']) ?? 'info',
  });
