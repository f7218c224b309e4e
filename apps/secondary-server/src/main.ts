import 'reflect-metadata';
import { runProcess } from '@banyan/boot';
import { DatacenterCore, DatacenterLinks, DatacenterServer, primaryName, SecondaryRole } from '@banyan/server';
import { readConfig } from './config.js';

// The role is decided here: what the primary decides comes over the WAN and is bound to the core that all servers share.
await runProcess('secondary-server', readConfig, async (settings, { logger, fail }) => {
  const core = await DatacenterCore.open(settings, logger, fail);
  const links = new DatacenterLinks(core, (datacenter) =>
    datacenter === primaryName(core, settings) ? settings.BANYAN_PRIMARY_WAN_ADDRESS : [],
  );
  return DatacenterServer.start({
    core,
    links,
    role: (http) => new SecondaryRole(core, settings, links, http),
  });
});
