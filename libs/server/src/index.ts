export { DatacenterCore } from './core/datacenter-core.js';
export { type ServerSettings, serverSettings, serverSettingsShape } from './core/server-settings.js';
export { DatacenterServer } from './datacenter-server.js';
export { DatacenterLinks } from './edges/datacenter-links.js';
export { PrimaryRole } from './primary/primary-role.js';
export { primarySettings, type PrimarySettings } from './primary/primary-settings.js';
export { importInitialTokens, publishFingerprint } from './primary/first-start.js';
export { SecondaryRole } from './secondary/secondary-role.js';
export { secondarySettings, type SecondarySettings } from './secondary/secondary-settings.js';
