/**
 * The seeded hash of the in-shard index: HalfSipHash-1-3 (Aumasson and Bernstein's SipHash on 32-bit words,
 * https://github.com/veorq/SipHash), one compression round a word and three at the end. A keyed
 * pseudo-random function, because clients choose the keys: with a plain multiply-and-xor hash they could
 * build colliding ones without knowing the seed.
 */
import { randomBytes } from 'node:crypto';

/** The two 32-bit key words of the hash. Every thread of one process uses the same pair. */
export interface HashSeed {
  readonly k0: number;
  readonly k1: number;
}

export function randomHashSeed(): HashSeed {
  const bytes = randomBytes(8);
  return { k0: bytes.readInt32LE(0), k1: bytes.readInt32LE(4) };
}

/** The 32-bit hash of `bytes[start, end)`: signed, because the engine keeps such integers without a box. */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed: HashSeed): number {
  const k0 = seed.k0 | 0;
  const k1 = seed.k1 | 0;
  let v0 = k0;
  let v1 = k1;
  let v2 = 0x6c796765 ^ k0;
  let v3 = 0x74656462 ^ k1;
  const length = end - start;
  const wordsEnd = start + (length & ~3);
  for (let i = start; i < wordsEnd; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  let last = length << 24;
  for (let i = wordsEnd, shift = 0; i < end; i++, shift += 8) last |= bytes[i]! << shift;
  v3 ^= last;
  for (let round = 0; round < 4; round++) {
    if (round === 1) {
      v0 ^= last;
      v2 ^= 0xff;
    }
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}
