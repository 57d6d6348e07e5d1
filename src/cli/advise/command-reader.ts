/** Turns commands into requests: what each does to its keys stands in its declaration (commands/key-effects.ts). */
import { KIND, keyCheck, keyHash, NEVER, UNCHANGED } from '../../advise/requests.ts';
import type { CommandReader } from '../../advise/trace/monitor.ts';
import { type KeyEffect, KeyEffects } from '../../commands/key-effects.ts';

const KINDS: Readonly<Record<KeyEffect, readonly number[]>> = {
  reads: [KIND.read],
  updates: [KIND.update],
  takes: [KIND.read, KIND.remove],
  writes: [KIND.write],
  removes: [KIND.remove],
  none: [KIND.expire],
};

/** `onKey` is told of each key that is read or written, and of the database it is in. */
export function commandReader(
  onKey: (db: number, key: Uint8Array, hash: number) => void = () => {},
): CommandReader {
  const effects = new KeyEffects();
  return (words, { db, timeMs }, batch) => {
    effects.read(words, timeMs, (key, effect, expiry) => {
      // The same name in two databases is two keys.
      const hash = keyHash(key) ^ Math.imul(db, 0x9e3779b1);
      const expiresAtMs = expiry === 'never' ? NEVER : expiry === 'unchanged' ? UNCHANGED : expiry;
      if (effect === 'none' && Number.isNaN(expiresAtMs)) return;
      for (const kind of KINDS[effect]) batch.add(kind, hash, keyCheck(key) ^ db, timeMs, expiresAtMs);
      onKey(db, key, hash);
    });
  };
}
