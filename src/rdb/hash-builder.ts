/** Hashes from what was read of RDB files. */
import { Hash } from '../types/hash.ts';
import type { HashLimits } from '../types/hash-limits.ts';
import { NEVER } from './format.ts';
import type { HashValue } from './values.ts';

/** The hash of what was read, which is not empty. Of a field that occurs twice the last value counts. */
export function buildHash({ fields, values, expiries }: HashValue, limits: HashLimits): Hash {
  const hash = new Hash(limits);
  fields.forEach((field, i) => {
    const value = values[i]!;
    hash.set(field, 0, field.length, value, 0, value.length);
    const expiresAt = expiries?.[i] ?? NEVER;
    if (expiresAt !== NEVER) hash.setExpiry(field, 0, field.length, expiresAt);
  });
  return hash;
}
