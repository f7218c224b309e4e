const UNITS: readonly (readonly [string, number])[] = [
  ['y', 31_536_000],
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
];

/** A length of time in its two largest units: `3d 4h`, `12m 5s`, `4s`; below a second `0s`. Negative as its absolute. */
export function durationText(seconds: number): string {
  let rest = Math.floor(Math.abs(seconds));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.length === 0 ? '0s' : parts.join(' ');
}

/** Seconds as people read them when they are small: `0.4 s`, `12 s`, above two minutes as `durationText`. */
export function secondsText(seconds: number | undefined): string {
  if (seconds === undefined) return '–';
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  return seconds < 120 ? `${Math.round(seconds)} s` : durationText(seconds);
}

export const millisecondsText = (ms: number | undefined): string => {
  if (ms === undefined) return '–';
  return ms < 1_000 ? `${Math.round(ms)} ms` : secondsText(ms / 1_000);
};

/** How long ago, or how far ahead, a moment is: `4m 2s ago`, `in 3d 4h`, `now`. */
export function relativeText(atMs: number, nowMs: number): string {
  const seconds = (nowMs - atMs) / 1_000;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `${durationText(seconds)} ago` : `in ${durationText(seconds)}`;
}

/** A share of 1 as whole percent; what is not all is never shown as 100 %, what is not nothing never as 0 %. */
export function percentText(share: number): string {
  const percent = Math.round(share * 100);
  if (share < 1 && percent === 100) return '99 %';
  if (share > 0 && percent === 0) return '1 %';
  return `${percent} %`;
}

export const countText = (count: number): string => count.toLocaleString('en');

/** `1 agent`, `3 agents`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;

/** Bytes with a unit of 1024: `512 B`, `1.5 KiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const kib = bytes / 1_024;
  return kib < 1_024 ? `${kib.toFixed(kib < 10 ? 1 : 0)} KiB` : `${(kib / 1_024).toFixed(1)} MiB`;
}

/** Long identifiers by their beginning: `3f:a2:9c:01…`; the whole of it belongs into a title or a copy button. */
export const shortId = (id: string, length = 11): string => (id.length <= length + 1 ? id : `${id.slice(0, length)}…`);

/** A name of the API as words: `rolling-back` and `WAITING_PRIMARY` as `rolling back`, `waiting primary`. */
export const wordsOf = (name: string): string => name.replaceAll(/[-_]/g, ' ').toLowerCase();
