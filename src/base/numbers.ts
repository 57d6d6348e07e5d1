/** Numbers as Redis reads and writes them: strict 64-bit integers, and doubles. */

export const INT64_MAX = 9223372036854775807n;
export const INT64_MIN = -9223372036854775808n;

const MINUS = 45;

/**
 * Reads `bytes[start, end)` as a signed integer in Redis's strict form: no spaces, no plus sign, no leading
 * zeros. Returns a number when it is exact (within ±2^53), a bigint up to 64 bits, and undefined otherwise.
 */
export function parseInteger(bytes: Uint8Array, start: number, end: number): number | bigint | undefined {
  const length = end - start;
  if (length === 0 || length > 20) return undefined;
  const negative = bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  const digits = end - first;
  if (digits === 0 || (digits > 1 && bytes[first] === 48)) return undefined;
  if (digits <= 15) {
    let value = 0;
    for (let i = first; i < end; i++) {
      const digit = bytes[i]! - 48;
      if (digit < 0 || digit > 9) return undefined;
      value = value * 10 + digit;
    }
    if (negative) return value === 0 ? undefined : -value;
    return value;
  }
  let big = 0n;
  for (let i = first; i < end; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return undefined;
    big = big * 10n + BigInt(digit);
  }
  if (negative) big = -big;
  if (big > INT64_MAX || big < INT64_MIN) return undefined;
  return narrow(big);
}

/** A bigint as a number when that is exact. */
export function narrow(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

const DOUBLE =
  /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|0x(?:[\da-f]+\.?[\da-f]*|\.[\da-f]+)(?:p[+-]?\d+)?)$/i;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/**
 * Reads a floating-point number as C's strtod does, with the limits Redis puts on it: the whole text, no
 * surrounding space, never NaN. Returns undefined when it is not one.
 */
export function parseDouble(text: string): number | undefined {
  const infinite = INFINITE.exec(text);
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity;
  if (!DOUBLE.test(text)) return undefined;
  const value = /0x/i.test(text) ? parseHexDouble(text.toLowerCase()) : Number(text);
  return Number.isNaN(value) || !Number.isFinite(value) ? undefined : value;
}

function parseHexDouble(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const [mantissa = '', exponent = '0'] = text.replace(/^[+-]?0x/, '').split('p');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = Number.parseInt(whole + fraction || '0', 16);
  return sign * digits * 2 ** (Number(exponent) - 4 * fraction.length);
}

/** A double as RESP3 and the sorted-set commands write it: the shortest text that reads back the same. */
export function formatDouble(value: number): string {
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (Number.isNaN(value)) return 'nan';
  if (Object.is(value, -0)) return '-0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e17 || (magnitude !== 0 && magnitude < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return String(value).includes('e') ? BigInt(value).toString() : String(value);
}

/** A size such as `64mb`, `1k` or `1000` in bytes, with Redis's units (k = 1000, kb = 1024, …). */
export function parseMemory(text: string): number | undefined {
  const match = /^(-?\d+)(b|k|kb|m|mb|g|gb)?$/i.exec(text);
  if (!match) return undefined;
  const factors: Record<string, number> = {
    b: 1,
    k: 1000,
    kb: 1024,
    m: 1000 ** 2,
    mb: 1024 ** 2,
    g: 1000 ** 3,
    gb: 1024 ** 3,
  };
  const value = Number(match[1]) * factors[(match[2] ?? 'b').toLowerCase()]!;
  return Number.isSafeInteger(value) ? value : undefined;
}
