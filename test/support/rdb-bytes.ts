/** Makes the bytes of RDB files by hand, and reads files into what tests can compare. */
import { Crc64 } from '../../src/rdb/crc64.ts';
import { RdbReader, type RdbVisitor } from '../../src/rdb/rdb-reader.ts';
import { BufferSource, type RdbSource } from '../../src/rdb/rdb-source.ts';

export type Piece = number | string | Uint8Array | readonly Piece[];

/** Bytes, latin1 texts and byte arrays in one row. */
export function bytes(...pieces: readonly Piece[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) => {
      if (typeof piece === 'number') return Buffer.from([piece & 0xff]);
      if (typeof piece === 'string') return Buffer.from(piece, 'latin1');
      return piece instanceof Uint8Array ? piece : bytes(...piece);
    }),
  );
}

export function u16(value: number): Buffer {
  return littleEndian(value, 2);
}

export function u32(value: number): Buffer {
  return littleEndian(value, 4);
}

/** A signed or unsigned integer of `size` bytes. */
export function littleEndian(value: number | bigint, size: number): Buffer {
  const all = Buffer.alloc(8);
  all.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
  return all.subarray(0, size);
}

export function bigEndian(value: number | bigint, size: number): Buffer {
  return Buffer.from(littleEndian(value, size)).reverse();
}

/** A length in the shortest form. */
export function len(value: number): Buffer {
  if (value < 64) return bytes(value);
  if (value < 16384) return bytes(0x40 | (value >> 8), value);
  return bytes(0x80, bigEndian(value, 4));
}

/** A string as it is. */
export function str(content: Piece): Buffer {
  const raw = bytes(content);
  return bytes(len(raw.length), raw);
}

/** A file of `version` with the records in it and the right checksum. */
export function rdbFile(version: number, ...records: readonly Piece[]): Buffer {
  const body = bytes('REDIS', String(version).padStart(4, '0'), ...records, 255);
  return version < 5 ? body : bytes(body, checksum(body));
}

export function checksum(body: Uint8Array): Buffer {
  const crc = new Crc64();
  crc.update(body, 0, body.length);
  const sum = Buffer.alloc(8);
  crc.write(sum, 0);
  return sum;
}

/** A ziplist of entries that are given with their encoding: `['\x02', 'ab']` or a number's bytes. */
export function ziplist(...entries: readonly Piece[]): Buffer {
  const parts: Buffer[] = [];
  let before = 0;
  let at = 10;
  let tail = 10;
  for (const entry of entries) {
    const head = before < 254 ? bytes(before) : bytes(254, u32(before));
    const part = bytes(head, entry);
    parts.push(part);
    tail = at;
    at += part.length;
    before = part.length;
  }
  return bytes(u32(at + 1), u32(tail), u16(entries.length), ...parts, 255);
}

/** A short string as an entry of a ziplist. */
export function zipped(text: string): Buffer {
  return bytes(text.length, text);
}

/** A listpack of elements that are given with their encoding. */
export function listpack(...elements: readonly Piece[]): Buffer {
  const parts = elements.map((element) => {
    const content = bytes(element);
    const length = content.length;
    if (length < 128) return bytes(content, length);
    if (length < 16384) return bytes(content, length >> 7, (length & 127) | 128);
    return bytes(content, length >> 14, ((length >> 7) & 127) | 128, (length & 127) | 128);
  });
  const body = bytes(...parts, 255);
  return bytes(u32(6 + body.length), u16(elements.length), body);
}

/** A short string as an element of a listpack. */
export function lp(text: string): Buffer {
  return bytes(0x80 | text.length, text);
}

export interface Entry {
  readonly db: number;
  readonly key: string;
  /** A text for strings, otherwise the value with its byte arrays as texts and its ids as `1-2`. */
  readonly value: unknown;
  readonly expiresAt?: number;
  readonly idle?: number;
  readonly frequency?: number;
}

export interface Contents {
  readonly version: number;
  readonly aux: Record<string, string>;
  readonly functions: string[];
  readonly entries: Entry[];
  readonly emptyEntries: number;
  /** Where the records of the entries are in the file. */
  readonly ranges: [start: number, end: number][];
}

function text(source: Uint8Array, start = 0, end = source.length): string {
  return Buffer.from(source.subarray(start, end)).toString('latin1');
}

/** The value without byte arrays and bigints. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return text(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const object = value as Record<string, unknown>;
  if ('sequence' in object) return `${object.ms}-${object.sequence}`;
  return Object.fromEntries(Object.entries(object).map(([name, inner]) => [name, plain(inner)]));
}

/** Everything that is in a file. */
export function readRdb(
  source: Uint8Array | RdbSource,
  options: { verifyChecksum?: boolean } = {},
): Contents {
  const reader = new RdbReader(source instanceof Uint8Array ? new BufferSource(source) : source, options);
  const contents = { aux: {}, functions: [], entries: [], ranges: [] } as unknown as Contents;
  let db = 0;
  const add = (key: string, value: unknown, expiresAt: number) => {
    contents.entries.push({
      db,
      key,
      value,
      ...(expiresAt < 0 ? {} : { expiresAt }),
      ...(reader.idleSeconds < 0 ? {} : { idle: reader.idleSeconds }),
      ...(reader.frequency < 0 ? {} : { frequency: reader.frequency }),
    });
    contents.ranges.push([reader.recordStart, reader.recordEnd]);
  };
  const visitor: RdbVisitor = {
    aux: (name, value) => {
      contents.aux[name] = value;
    },
    database: (number) => {
      db = number;
    },
    functionLibrary: (code) => contents.functions.push(text(code)),
    string: (key, keyStart, keyEnd, value, start, end, expiresAt) =>
      add(text(key, keyStart, keyEnd), text(value, start, end), expiresAt),
    value: (key, start, end, value, expiresAt) => add(text(key, start, end), plain(value), expiresAt),
  };
  reader.run(visitor);
  return { ...contents, version: reader.version, emptyEntries: reader.emptyEntries };
}

/** The value of the only entry of a file whose entry is `type key value`. */
export function decodeOne(type: number, value: Piece, version = 12): unknown {
  const { entries } = readRdb(rdbFile(version, type, str('key'), value));
  return entries[0]?.value;
}
