/** Of this command line; servers and agents tell theirs. */
export const VERSION = '0.1.0';
