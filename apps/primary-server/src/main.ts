import 'reflect-metadata';
import { runProcess } from '@banyan/boot';
import { bindProviderKinds } from '@banyan/ca-providers';
import {
  DatacenterCore,
  DatacenterLinks,
  DatacenterServer,
  importInitialTokens,
  PrimaryRole,
  publishFingerprint,
} from '@banyan/server';
import { readConfig } from './config.js';

// The role is decided here: the root, the writers and the feed of the primary are bound to the core that all servers share.
await runProcess('primary-server', readConfig, async (settings, { logger, fail }) => {
  const core = await DatacenterCore.open(settings, logger, fail);
  const links = new DatacenterLinks(core);
  const providers = await bindProviderKinds(core.ambient, settings.BANYAN_CA_PROVIDER_PACKAGES);
  const kinds = [...providers.kinds.values()];
  let primary: PrimaryRole | undefined;
  const server = await DatacenterServer.start({
    core,
    links,
    role: (http) => (primary = new PrimaryRole({ core, settings, kinds, http, onRoot: publishFingerprint(settings) })),
    beforeListening: () => importInitialTokens(core, primary!, settings.BANYAN_INITIAL_TOKENS_FILE),
  });
  return {
    stop: async () => {
      await server.stop();
      await providers.stop();
    },
  };
});
