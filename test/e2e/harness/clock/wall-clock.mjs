// Loaded by `node --import` where wall-clock.c cannot be compiled: shifts what JavaScript sees of the time, by the
// milliseconds in the file BANYAN_E2E_CLOCK. OpenSSL within Node goes on with the machine's clock.
import { openSync, readSync } from 'node:fs';

const LOOK_MS = 20;
const file = openSync(process.env.BANYAN_E2E_CLOCK, 'r');
const bytes = Buffer.alloc(8);
const machineNow = Date.now.bind(Date);
let shiftMs = 0;
let readAt = -Infinity;

const now = () => {
  if (performance.now() - readAt > LOOK_MS) {
    readSync(file, bytes, 0, bytes.length, 0);
    shiftMs = Number(bytes.readBigInt64LE());
    readAt = performance.now();
  }
  return machineNow() + shiftMs;
};

globalThis.Date = new Proxy(Date, {
  apply: (date) => new date(now()).toString(),
  construct: (date, args, self) => Reflect.construct(date, args.length === 0 ? [now()] : args, self),
  get: (date, name) => (name === 'now' ? now : Reflect.get(date, name)),
});
