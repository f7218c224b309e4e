import { MessageChannel } from 'node:worker_threads';

/**
 * The kernel's timers never keep a process alive, which is right for background work and wrong while a process starts
 * or stops: it would end in the middle of the wait, without a word. Keeps it alive until the returned function is called.
 */
export const holdProcess = (): (() => void) => {
  const { port1 } = new MessageChannel();
  port1.ref();
  return () => port1.close();
};
