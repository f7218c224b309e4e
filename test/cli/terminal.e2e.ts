import { afterEach, describe, expect } from '@jest/globals';
import { eventually } from '../e2e/harness/eventually.js';
import type { Mesh } from '../e2e/harness/mesh.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { Rotations } from '../e2e/harness/rotations.js';
import { startWebAndApi } from '../e2e/harness/web-and-api.js';
import { Terminal } from './harness/terminal.js';

describe('banyan, in a real terminal', () => {
  let terminal: Terminal | undefined;
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await mesh.startAgents();
    await startWebAndApi(mesh);
  });
  afterEach(() => terminal?.close());

  const open = async (mesh: Mesh, more: Readonly<Record<string, string>> = {}): Promise<Terminal> => {
    terminal = await Terminal.open({
      BANYAN_HTTP_ADDR: mesh.dc1.addresses.agentHttp,
      BANYAN_HTTP_TOKEN_FILE: mesh.secrets.tokenFile('management'),
      ...more,
    });
    return terminal;
  };

  suite.step('colours on a terminal, none with NO_COLOR or --no-color', async (mesh) => {
    const colored = await open(mesh);
    colored.run('banyan status');
    await colored.shows(/^next {2}nothing$/m);
    expect(colored.coloredScreen).toContain('\u001B[32m✓ ok');
    colored.run('clear; banyan status --no-color');
    await colored.shows(/ended with \d/);
    expect(colored.coloredScreen).not.toContain('\u001B[32m');
    colored.close();
    const plain = await open(mesh, { NO_COLOR: '1' });
    plain.run('banyan status');
    await plain.shows(/ended with \d/);
    expect(plain.coloredScreen).not.toContain('\u001B[32m');
  });

  suite.step('another word than the one that is asked for changes nothing; nor does Ctrl-C', async (mesh) => {
    const shell = await open(mesh);
    shell.run('banyan ca rotate');
    await shell.shows(/Type rotate to go on:/);
    shell.run('yes');
    await shell.shows(/not confirmed; nothing was changed \[ABORTED\]\n.*ended with 1/s);
    shell.run('clear; banyan ca rotate');
    await shell.shows(/Type rotate to go on:/);
    shell.press('C-c');
    await shell.shows(/nothing was changed.*ended with 1/s);
    expect(await new Rotations(mesh.dc1).list()).toEqual([]);
  });

  suite.step('the typed word starts the rotation, and a bar is drawn until it is finished', async (mesh) => {
    const shell = await open(mesh);
    shell.run('banyan ca rotate --verify-window 3s --retire-grace 1s --wait');
    await shell.shows(/Type rotate to go on:/);
    shell.run('rotate');
    const during = await shell.shows(/^rotation \[[█░]+\] \d+% .*(?:distribute|activate|verify|retire)/m, 60_000);
    expect(during).not.toContain('ended with');
    await shell.shows(/^phase +completed$[^]*ended with 0/m, 60_000);
    // One bar that was drawn over itself, not one per step.
    expect(shell.history.match(/^rotation \[/gm)).toHaveLength(1);
    expect(shell.history).toMatch(/^rotation \[█+\] 100%/m);
  });

  suite.step('--watch draws over itself as the rotation moves, and ends with it', async (mesh) => {
    const shell = await open(mesh);
    const rotations = new Rotations(mesh.dc1);
    const { ID } = await rotations.start({ VerifyWindow: '6s' });
    shell.run('clear; banyan ca rotation status --watch --datacenter dc2');
    await shell.shows(/^phase +(?:distribute|activate|verify)$/m);
    await rotations.reaches(ID, 'completed', 60_000);
    await shell.shows(/^phase +completed$[^]*ended with 0/m);
    expect(shell.screen.match(/^phase /gm)).toHaveLength(1);
  });

  suite.step('--watch says that the connection is lost, comes back, and ends in order with Ctrl-C', async (mesh) => {
    const shell = await open(mesh);
    shell.run('clear; banyan federation list --watch');
    await shell.shows(/^dc2 +secondary/m);
    await mesh.dc1.agent.kill();
    await shell.shows(/^connection lost, trying again: .*$/m);
    mesh.dc1.agent.start();
    await mesh.dc1.agentReady();
    await eventually('it is back', { limitMs: 20_000 }, () => expect(shell.screen).not.toContain('connection lost'));
    expect(shell.screen.match(/^dc2 /gm)).toHaveLength(1);
    shell.press('C-c');
    await shell.shows(/ended with 0/);
  });
});
