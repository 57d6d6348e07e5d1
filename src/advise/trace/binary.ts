/** Traces of numbers alone: one big-endian 32-bit integer a request, the key, as cache2k's and Caffeine's simulators keep them. */
import { readFileBytes, TraceError } from './decompression.ts';

const KEY_BYTES = 4;

/** The keys, in pieces of any length. Throws TraceError for a file that ends within a key. */
export async function* binaryKeys(file: string): AsyncGenerator<Int32Array> {
  let rest = Buffer.alloc(0);
  let offset = 0;
  for await (const bytes of readFileBytes(file)) {
    const all =
      rest.length === 0
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        : Buffer.concat([rest, bytes]);
    const keys = new Int32Array(Math.floor(all.length / KEY_BYTES));
    for (let i = 0; i < keys.length; i++) keys[i] = all.readInt32BE(i * KEY_BYTES);
    offset += keys.length * KEY_BYTES;
    // A copy: the reader may use the buffer again.
    rest = Buffer.from(all.subarray(keys.length * KEY_BYTES));
    if (keys.length > 0) yield keys;
  }
  if (rest.length > 0) throw new TraceError(`${file} is damaged: it ends within the key at byte ${offset}`);
}

/** All keys of a file. */
export async function allBinaryKeys(file: string): Promise<Int32Array> {
  const pieces: Int32Array[] = [];
  for await (const piece of binaryKeys(file)) pieces.push(piece);
  const keys = new Int32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    keys.set(piece, at);
    at += piece.length;
  }
  return keys;
}
