/**
 * The CRC64 of two pieces of a file from the CRC64 of each: the parts of a dump are written by different threads, and
 * nobody has to read them again for the sum at its end.
 *
 * A CRC without initial value or final inversion is linear over GF(2): crc(a b) = Z^|b| crc(a) xor crc(b), where Z is the
 * effect of one zero byte, a 64 × 64 matrix of bits. Its power is taken by squaring, as zlib's crc32_combine does.
 */

/** The reflected polynomial of Jones that Redis uses. */
const POLYNOMIAL = 0x95ac9329ac4bc9b5n;
const BITS = 64;

/** Column `n` is what becomes of the bit of value 1 << n. */
type Matrix = readonly bigint[];

const ONE_ZERO_BYTE: Matrix = (() => {
  const oneBit = Array.from({ length: BITS }, (_, n) => (n === 0 ? POLYNOMIAL : 1n << BigInt(n - 1)));
  let power: Matrix = oneBit;
  for (let doubling = 0; doubling < 3; doubling++) power = square(power);
  return power;
})();

/** The CRC64 of a piece whose own is `first`, followed by one of `secondBytes` bytes whose own is `second`. */
export function combineCrc64(first: bigint, second: bigint, secondBytes: number): bigint {
  let crc = first;
  let power = ONE_ZERO_BYTE;
  for (let left = secondBytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) crc = times(power, crc);
    power = square(power);
  }
  return crc ^ second;
}

function times(matrix: Matrix, vector: bigint): bigint {
  let sum = 0n;
  for (let n = 0, left = vector; left > 0n; n++, left >>= 1n) if ((left & 1n) === 1n) sum ^= matrix[n]!;
  return sum;
}

function square(matrix: Matrix): Matrix {
  return matrix.map((column) => times(matrix, column));
}
