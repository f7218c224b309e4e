import { createDemoService } from './demo-service.js';
import { type DemoSettings, parseDemoSettings, USAGE } from './settings.js';

const settings = ((): DemoSettings => {
  try {
    return parseDemoSettings(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return process.exit(2);
  }
})();

const server = createDemoService(settings);
const stop = (): void => {
  server.close();
  server.closeAllConnections();
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
server.on('error', (error) => {
  process.stderr.write(`${settings.name} cannot listen on ${settings.host}:${settings.port}: ${error.message}\n`);
  process.exit(1);
});
server.listen(settings.port, settings.host, () => {
  process.stdout.write(`${settings.name} listens on http://${settings.host}:${settings.port}\n`);
});
