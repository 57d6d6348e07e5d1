/**
 * Events of the keyspace: what happened to a key, for clients that listen (`notify-keyspace-events`). Each belongs to a
 * class, and a letter of the option switches a class on.
 */
export const EVENT = {
  generic: 1 << 0,
  string: 1 << 1,
  list: 1 << 2,
  set: 1 << 3,
  hash: 1 << 4,
  sortedSet: 1 << 5,
  expired: 1 << 6,
  evicted: 1 << 7,
  stream: 1 << 8,
  keyMiss: 1 << 9,
  newKey: 1 << 10,
} as const;
