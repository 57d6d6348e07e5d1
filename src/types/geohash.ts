/**
 * Places on the earth as numbers of 52 bits, the scores of sorted sets that keep places: 26 bits of the longitude and 26 of the latitude
 * in turns, the longitude's first (G. Niemeyer, geohash.org; the limits are those of the Mercator projection of web maps, EPSG:3857). A
 * cell is what the first bits of both name, so that the places of a cell have scores next to each other.
 *
 * Degrees everywhere; in each formula the steps are those that give the same doubles as Redis.
 */

export interface Place {
  readonly longitude: number;
  readonly latitude: number;
}

export const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;
const LONGITUDE_RANGE = 2 * LONGITUDE_MAX;
const LATITUDE_RANGE = 2 * LATITUDE_MAX;
/** Of the geohashes that people write. */
const WRITTEN_LATITUDE_MAX = 90;

/** Bits of each coordinate in a score. */
export const STEPS_MAX = 26;
const CELLS_MAX: number = 2 ** STEPS_MAX;

const TWO_32 = 2 ** 32;
const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;

/** Interleaving is done for this many bits of each coordinate at a time, so that the result has less than 32. */
const HALF_BITS = 13;
const HALF_MASK = (1 << HALF_BITS) - 1;

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz';
const LETTER_BITS = 5;
/** Letters that 52 bits are enough for. One more is always written, as if zeros followed. */
const WHOLE_LETTERS = 10;

export function isPlace(longitude: number, latitude: number): boolean {
  return Math.abs(longitude) <= LONGITUDE_MAX && Math.abs(latitude) <= LATITUDE_MAX;
}

/** Puts a zero bit in front of each of the lower 16 bits (S. E. Anderson, "Bit Twiddling Hacks": interleaving by binary magic numbers). */
function spread(bits: number): number {
  let x = bits;
  x = (x | (x << 8)) & 0x00ff00ff;
  x = (x | (x << 4)) & 0x0f0f0f0f;
  x = (x | (x << 2)) & 0x33333333;
  return (x | (x << 1)) & 0x55555555;
}

/** The 16 even bits of 32, next to each other. */
function squash(bits: number): number {
  let x = bits & 0x55555555;
  x = (x | (x >>> 1)) & 0x33333333;
  x = (x | (x >>> 2)) & 0x0f0f0f0f;
  x = (x | (x >>> 4)) & 0x00ff00ff;
  return (x | (x >>> 8)) & 0x0000ffff;
}

/** The bits of two numbers of up to 27 bits in turns; beyond 2^53 rounded to the nearest double. */
export function interleave(latitudeBits: number, longitudeBits: number): number {
  const low = spread(latitudeBits & HALF_MASK) | (spread(longitudeBits & HALF_MASK) << 1);
  const high = spread(latitudeBits >>> HALF_BITS) | (spread(longitudeBits >>> HALF_BITS) << 1);
  return high * 2 ** (2 * HALF_BITS) + low;
}

/** In which of 2^`steps` equal parts of the range a coordinate is, from 0; the end of the range is the part behind the last. */
export function partOf(coordinate: number, max: number, range: number, steps: number): number {
  return Math.floor(((coordinate + max) / range) * 2 ** steps);
}

/** The cells of a place with 2^`steps` parts of each coordinate. */
export function longitudePart(longitude: number, steps: number): number {
  return partOf(longitude, LONGITUDE_MAX, LONGITUDE_RANGE, steps);
}

export function latitudePart(latitude: number, steps: number): number {
  return partOf(latitude, LATITUDE_MAX, LATITUDE_RANGE, steps);
}

/** Where part `part` of 2^`steps` begins. */
export function longitudeOf(part: number, steps: number): number {
  return -LONGITUDE_MAX + (part / 2 ** steps) * LONGITUDE_RANGE;
}

export function latitudeOf(part: number, steps: number): number {
  return -LATITUDE_MAX + (part / 2 ** steps) * LATITUDE_RANGE;
}

/** The score of a place within the limits: an integer. */
export function encodePlace(longitude: number, latitude: number): number {
  return interleave(latitudePart(latitude, STEPS_MAX), longitudePart(longitude, STEPS_MAX));
}

/**
 * The middle of the smallest cell of a score. Any number will do: those that no place has give places at the limits, by way of what C makes
 * of them as unsigned integers of 64 bits (on x86-64).
 */
export function decodePlace(score: number): Place {
  let whole = Math.trunc(score);
  if (!(whole >= -TWO_63 && whole < TWO_64)) whole = whole >= TWO_64 ? 0 : TWO_63;
  // Below zero this is two's complement, as the operations on bits take both halves modulo 2^32.
  const high = Math.floor(whole / TWO_32);
  const low = whole - high * TWO_32;
  const latitudeBits = (squash(low) | (squash(high) << 16)) >>> 0;
  const longitudeBits = (squash(low >>> 1) | (squash(high >>> 1) << 16)) >>> 0;
  return {
    longitude: middle(longitudeBits, LONGITUDE_MAX, LONGITUDE_RANGE),
    latitude: middle(latitudeBits, LATITUDE_MAX, LATITUDE_RANGE),
  };
}

function middle(part: number, max: number, range: number): number {
  const start = -max + (part / CELLS_MAX) * range;
  // The last of 32 bits is followed by the first.
  const end = -max + (((part + 1) >>> 0) / CELLS_MAX) * range;
  return Math.min(max, Math.max(-max, (start + end) / 2));
}

/** The geohash of a place as people write it, 11 letters: its latitudes go from -90 to 90, those of scores do not. */
export function geohashText({ longitude, latitude }: Place): string {
  const latitudeBits = partOf(latitude, WRITTEN_LATITUDE_MAX, 2 * WRITTEN_LATITUDE_MAX, STEPS_MAX);
  const bits = interleave(latitudeBits, longitudePart(longitude, STEPS_MAX));
  let text = '';
  for (let i = 1; i <= WHOLE_LETTERS; i++) {
    text += ALPHABET[Math.floor(bits / 2 ** (2 * STEPS_MAX - i * LETTER_BITS)) % ALPHABET.length];
  }
  return `${text}${ALPHABET[0]}`;
}
