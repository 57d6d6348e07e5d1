/**
 * Arithmetic of INCRBYFLOAT. Redis adds with C's `long double` and prints with `%.17Lf`, so its texts show the
 * 80-bit format of x87: 64 bits of mantissa. JavaScript's doubles have 53, and plain decimal arithmetic would
 * be too exact (0.3 + 10^18 is 1000000000000000000.25 for Redis). So values are kept as an exact
 * mantissa × 2^exponent in bigints, and every operation rounds to 64 bits, ties to even, as the hardware does:
 * the texts are the same for every input, not only for the ordinary ones.
 */

/** What strtold gave. Nothing that starts from an infinity ends finite, so its sign does not matter. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
  readonly isInfinite: boolean;
}

const MANTISSA_BITS = 64;
/** The exponent of the smallest subnormal number. */
const EXPONENT_MIN = -16445;
/** Finite values are below 2 to this power. */
const VALUE_BITS_MAX = 16384;
/** Decimal magnitudes outside these are surely too large or too small; they bound the work on exponents. */
const DECIMAL_MAGNITUDE_MAX = 4940;
const DECIMAL_MAGNITUDE_MIN = -4960;
/** Longer texts are refused: Redis copies them to a buffer of this size, and an end mark, before it parses. */
export const LONG_DOUBLE_TEXT_BYTES_MAX = 5 * 1024 - 1;
const FRACTION_DIGITS = 17;

const ZERO: LongDouble = { mantissa: 0n, exponent: 0, isInfinite: false };
const INFINITE: LongDouble = { mantissa: 0n, exponent: 0, isInfinite: true };

const DECIMAL = /^([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))(?:e([+-]?\d+))?$/i;
const HEXADECIMAL = /^([+-]?)0x(?:([\da-f]+)\.?([\da-f]*)|\.([\da-f]+))(?:p([+-]?\d+))?$/i;
const INFINITY_TEXT = /^[+-]?inf(?:inity)?$/i;

/**
 * Reads a text as strtold does, with Redis's limits: all of the text, no space before it, no NaN, neither too
 * large nor so small that it becomes zero. Returns undefined when it is not such a number.
 */
export function parseLongDouble(text: string): LongDouble | undefined {
  if (text.length === 0 || text.length > LONG_DOUBLE_TEXT_BYTES_MAX) return undefined;
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) return fromDigits(decimal, 10);
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) return fromDigits(hexadecimal, 16);
  return INFINITY_TEXT.test(text) ? INFINITE : undefined;
}

/** The rounded sum, or undefined when it is not finite. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (a.isInfinite || b.isInfinite) return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const mantissa =
    (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  const sum = scaled(mantissa, exponent);
  return sum.isInfinite ? undefined : sum;
}

/** A finite value as `%.17Lf` prints it, without the zeros at the end of the fraction; never `-0`. */
export function formatLongDouble(value: LongDouble): string {
  const negative = value.mantissa < 0n;
  const magnitude = negative ? -value.mantissa : value.mantissa;
  const sign = negative ? '-' : '';
  if (value.exponent >= 0) return sign + (magnitude << BigInt(value.exponent)).toString();
  const denominator = 1n << BigInt(-value.exponent);
  const rounded = divideToEven(magnitude * 10n ** BigInt(FRACTION_DIGITS), denominator);
  if (rounded === 0n) return '0';
  const digits = rounded.toString().padStart(FRACTION_DIGITS + 1, '0');
  const whole = digits.slice(0, -FRACTION_DIGITS);
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '');
  return sign + (fraction === '' ? whole : `${whole}.${fraction}`);
}

/** The parts of a match: sign, digits before and after the point (or only after it), exponent. */
function fromDigits(parts: RegExpExecArray, base: 10 | 16): LongDouble | undefined {
  const whole = parts[2] ?? '';
  const fraction = parts[3] ?? parts[4] ?? '';
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return ZERO;
  const exponent = Number(parts[5] ?? '0') - (base === 10 ? fraction.length : 4 * fraction.length);
  const magnitude = base === 10 ? digits.length + exponent : (4 * digits.length + exponent) * Math.log10(2);
  if (magnitude > DECIMAL_MAGNITUDE_MAX || magnitude < DECIMAL_MAGNITUDE_MIN) return undefined;
  const unsigned = BigInt(base === 10 ? digits : `0x${digits}`);
  const integer = parts[1] === '-' ? -unsigned : unsigned;
  const value = base === 10 ? scaledDecimal(integer, exponent) : scaled(integer, exponent);
  return value.isInfinite || value.mantissa === 0n ? undefined : value;
}

/** `integer` × 10^`exponent`, rounded. */
function scaledDecimal(integer: bigint, exponent: number): LongDouble {
  if (exponent >= 0) return ratio(integer * 10n ** BigInt(exponent), 1n);
  return ratio(integer, 10n ** BigInt(-exponent));
}

/** `integer` × 2^`exponent`, rounded. */
function scaled(integer: bigint, exponent: number): LongDouble {
  return exponent >= 0 ? ratio(integer << BigInt(exponent), 1n) : ratio(integer, 1n << BigInt(-exponent));
}

/** The nearest value to `numerator / denominator`; the denominator is positive. */
function ratio(numerator: bigint, denominator: bigint): LongDouble {
  if (numerator === 0n) return ZERO;
  const magnitude = numerator < 0n ? -numerator : numerator;
  // The quotient has this many bits or one less, so the exponent found first may be one too small.
  const bits = bitLength(magnitude) - bitLength(denominator) + 1;
  let exponent = Math.max(bits - MANTISSA_BITS - 1, EXPONENT_MIN);
  if (shiftedQuotient(magnitude, denominator, exponent) >> BigInt(MANTISSA_BITS) !== 0n) exponent++;
  const mantissa =
    exponent >= 0
      ? divideToEven(magnitude, denominator << BigInt(exponent))
      : divideToEven(magnitude << BigInt(-exponent), denominator);
  if (mantissa !== 0n && bitLength(mantissa) + exponent > VALUE_BITS_MAX) return INFINITE;
  return { mantissa: numerator < 0n ? -mantissa : mantissa, exponent, isInfinite: false };
}

function shiftedQuotient(magnitude: bigint, denominator: bigint, exponent: number): bigint {
  if (exponent >= 0) return magnitude / (denominator << BigInt(exponent));
  return (magnitude << BigInt(-exponent)) / denominator;
}

/** The quotient of two non-negative integers, rounded to the nearest one, ties to the even one. */
function divideToEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator - quotient * denominator) << 1n;
  if (twice < denominator || (twice === denominator && (quotient & 1n) === 0n)) return quotient;
  return quotient + 1n;
}

/** The number of bits of a positive integer. */
function bitLength(value: bigint): number {
  const text = value.toString(16);
  return (text.length - 1) * 4 + 32 - Math.clz32(Number.parseInt(text[0]!, 16));
}
