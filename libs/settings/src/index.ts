export { describeSettings, readSettings, type SettingDescription } from './domain/read-settings.js';
export {
  addressText,
  choice,
  duration,
  type HostPort,
  hostPort,
  hostPortList,
  path,
  required,
  secret,
  text,
  toggle,
} from './domain/setting-kinds.js';
