/** Numbers keys from 0 in the order in which they come, which is what caches want (cache.ts). */

export interface DenseTrace {
  /** By request: the number of its key. */
  readonly ids: Int32Array;
  /** How many different keys there are: all numbers are below it. */
  readonly count: number;
}

/** Numbers the keys of a whole trace. */
export function denseTrace(keys: Int32Array): DenseTrace {
  const numbers = new Map<number, number>();
  const ids = new Int32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    let id = numbers.get(key);
    if (id === undefined) {
      id = numbers.size;
      numbers.set(key, id);
    }
    ids[i] = id;
  }
  return { ids, count: numbers.size };
}
