/** The one read that decisions about a destination rest on. Watchers of it and authorize share it, and so its state. */
export const matchPath = (destination: string): string =>
  `/v1/connect/intentions/match?by=destination&name=${encodeURIComponent(destination)}`;
