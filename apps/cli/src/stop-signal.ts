/**
 * A signal that is aborted by SIGINT or SIGTERM. Further ones change nothing: every way of stopping here is bounded,
 * and cutting it short would leave processes or connections behind.
 */
export const untilStopSignal = (): AbortSignal => {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
};
