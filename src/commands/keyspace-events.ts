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

const LETTERS: Readonly<Record<string, number>> = {
  g: EVENT.generic,
  $: EVENT.string,
  l: EVENT.list,
  s: EVENT.set,
  h: EVENT.hash,
  z: EVENT.sortedSet,
  x: EVENT.expired,
  e: EVENT.evicted,
  t: EVENT.stream,
  m: EVENT.keyMiss,
  n: EVENT.newKey,
};

/** What `A` stands for. */
const ALL = Object.values(EVENT).reduce((all, one) => all | one, 0) & ~(EVENT.keyMiss | EVENT.newKey);

/** The EVENT bits that a value of `notify-keyspace-events` switches on: none when it does not say where they are told. */
export function eventClassesOf(letters: string): number {
  if (!/[KE]/.test(letters)) return 0;
  let classes = letters.includes('A') ? ALL : 0;
  for (const letter of letters) classes |= LETTERS[letter] ?? 0;
  return classes;
}
