/** Passwords of users: only their SHA-256 is kept, in hexadecimal as ACL rules show it. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { fromLatin1 } from '../base/bytes.ts';

/** The hash of a password that is given one character a byte. */
export function hashPassword(password: string): string {
  return createHash('sha256').update(fromLatin1(password)).digest('hex');
}

/** Whether a text is a hash as Redis takes it: lower-case hexadecimal digits, 64 of them. */
export function isPasswordHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** Whether `password` is one of those with the given hashes; the time tells neither which one nor how much of it fits. */
export function isOneOf(password: string, hashes: readonly string[]): boolean {
  const given = Buffer.from(hashPassword(password), 'latin1');
  let found = false;
  for (const hash of hashes) {
    if (timingSafeEqual(given, Buffer.from(hash, 'latin1'))) found = true;
  }
  return found;
}
