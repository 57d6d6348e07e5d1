/** Numbers as people read them. */

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'];

export function amount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 key`, `2 keys`. */
export function counted(count: number, one: string): string {
  return `${amount(count)} ${count === 1 ? one : `${one}s`}`;
}

/** `512 B`, `1.5 MB`; a kilobyte is 1024 bytes. */
export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
