/** What the store's tests share: a keyspace with a clock that they set, and commands on text keys. */
import { KEEP_EXPIRY, Keyspace, type KeyspaceOptions, NO_EXPIRY } from '../../../src/store/keyspace.ts';

const encoder = new TextEncoder();

export class TestKeyspace {
  nowMs = 1_700_000_000_000;
  readonly keyspace: Keyspace;

  constructor(options: Partial<KeyspaceOptions> = {}) {
    this.keyspace = new Keyspace({
      databases: 2,
      seed: { k0: 0x1234, k1: 0x5678 },
      now: () => this.nowMs,
      ...options,
    });
  }

  set(key: string, value: Uint8Array, expiresAt = NO_EXPIRY, db = 0): void {
    const k = encoder.encode(key);
    const hash = this.keyspace.hash(k, 0, k.length);
    this.keyspace.setString(db, k, 0, k.length, hash, value, 0, value.length, expiresAt);
  }

  ref(key: string, db = 0): number {
    const k = encoder.encode(key);
    return this.keyspace.find(db, k, 0, k.length, this.keyspace.hash(k, 0, k.length));
  }

  hash(key: string): number {
    const k = encoder.encode(key);
    return this.keyspace.hash(k, 0, k.length);
  }

  get(key: string, db = 0): Uint8Array | undefined {
    const ref = this.ref(key, db);
    if (ref === 0) return undefined;
    const start = this.keyspace.valueStart(ref);
    return this.keyspace.bytesOf(ref).slice(start, start + this.keyspace.valueLength(ref));
  }

  valueAt(ref: number): Uint8Array {
    const start = this.keyspace.valueStart(ref);
    return this.keyspace.bytesOf(ref).slice(start, start + this.keyspace.valueLength(ref));
  }

  write(key: string, offset: number, value: Uint8Array, db = 0): void {
    const ref = this.ref(key, db);
    if (ref !== 0) {
      this.keyspace.writeRange(db, ref, this.hash(key), offset, value, 0, value.length);
      return;
    }
    const whole = new Uint8Array(offset + value.length);
    whole.set(value, offset);
    this.set(key, whole, NO_EXPIRY, db);
  }

  expire(key: string, expiresAt: number, db = 0): void {
    const ref = this.ref(key, db);
    if (ref !== 0) this.keyspace.setExpiry(db, ref, this.hash(key), expiresAt);
  }

  delete(key: string, db = 0): boolean {
    const k = encoder.encode(key);
    return this.keyspace.delete(db, k, 0, k.length, this.keyspace.hash(k, 0, k.length));
  }

  keyOf(ref: number): string {
    const start = this.keyspace.keyStart(ref);
    const bytes = this.keyspace.bytesOf(ref).slice(start, start + this.keyspace.keyLength(ref));
    return new TextDecoder().decode(bytes);
  }

  keys(db = 0): string[] {
    const keys: string[] = [];
    this.keyspace.forEach(db, (ref) => keys.push(this.keyOf(ref)));
    return keys;
  }
}

/** `length` bytes that depend on `seed`. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed * 17 + (i >>> 8)) & 0xff;
  return bytes;
}

export { KEEP_EXPIRY, NO_EXPIRY };
