export { httpSettingsShape, httpTls, listening } from './adapters/listening.js';
export { type LogSettings, type ProcessTools, type Running, runProcess } from './adapters/run-process.js';
export { anchorSettingsShape, readAnchor, readTextFile } from './adapters/trust-anchor.js';
