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

/** Integers up to this are written in full: half of what 64 bits can have. */
const WHOLE_MAX = 2 ** 62;

/** A double as RESP3 and the sorted-set commands write it: the shortest text that reads back the same, in the form of Redis 7.2. */
export function formatDouble(value: number): string {
  if (value === Infinity) return 'inf';
  if (value === -Infinity) return '-inf';
  if (Number.isNaN(value)) return 'nan';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  if (Number.isInteger(value) && Math.abs(value) <= WHOLE_MAX) {
    return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString();
  }
  return shortestDouble(value);
}

/** The same without exceptions for integers: what is not far above its digits is written with zeros, other with an exponent. */
export function shortestDouble(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatDouble(value);
  const [mantissa = '', exponentText = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  const sign = value < 0 ? '-' : '';
  // How many zeros follow the digits; negative: how many of the digits are behind the point.
  const zeros = exponent - digits.length + 1;
  if (zeros >= 0 && exponent < digits.length + 7) return sign + digits + '0'.repeat(zeros);
  if (zeros < 0 && (zeros > -7 || Math.abs(exponent) < 4)) {
    const point = digits.length + zeros;
    if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
    return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  }
  return `${sign}${mantissa}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
}

/** A double as C's `%.17g` writes it. */
export function seventeenDigits(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatDouble(value);
  const [mantissa = '', exponentText = '0'] = value.toExponential(16).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 17) return withoutZeros(value.toFixed(16 - exponent));
  const zero = Math.abs(exponent) < 10 ? '0' : '';
  return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${zero}${Math.abs(exponent)}`;
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
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
