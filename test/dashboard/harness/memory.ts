import type { Page } from 'playwright-core';

/** What a page holds after everything that can go is gone. */
export interface PageMemory {
  readonly heapBytes: number;
  readonly nodes: number;
  readonly listeners: number;
}

/** Collects garbage, twice since one round may free what a later one can, and measures. */
export const memoryOf = async (page: Page): Promise<PageMemory> => {
  const debug = await page.context().newCDPSession(page);
  try {
    for (const _ of [1, 2]) await debug.send('HeapProfiler.collectGarbage');
    const { nodes, jsEventListeners } = await debug.send('Memory.getDOMCounters');
    const { usedSize } = await debug.send('Runtime.getHeapUsage');
    return { heapBytes: usedSize, nodes, listeners: jsEventListeners };
  } finally {
    await debug.detach();
  }
};
