/**
 * Distances on the earth, taken as a sphere, by the haversine formula (R. W. Sinnott, "Virtues of the Haversine", Sky & Telescope 68, 1984),
 * in the order of steps that gives the same doubles as Redis; and how distances and coordinates are written.
 */
import type { Place } from './geohash.ts';
import { formatLongDouble } from './long-double.ts';

/** Redis's: the quadratic mean radius of WGS 84. */
export const EARTH_RADIUS_M = 6372797.560856;
const RADIANS = Math.PI / 180;

/** Metres. */
const UNITS: Readonly<Record<string, number>> = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 };

const DISTANCE_DIGITS = 4;
const DISTANCE_SCALE = 10 ** DISTANCE_DIGITS;
/** What Redis shows of distances that 64 bits do not hold. */
const NOT_REPRESENTABLE = '-922337203685477.5808';

const COORDINATE_DIGITS = 17;
const TIE_BITS = COORDINATE_DIGITS + 1;
const ZERO = 48;
const POINT = 46;

/** The metres of a unit (m, km, ft, mi in any case), undefined when it is none. */
export function metresOf(unit: string): number | undefined {
  const name = unit.toLowerCase();
  return Object.hasOwn(UNITS, name) ? UNITS[name] : undefined;
}

export function radians(degrees: number): number {
  return degrees * RADIANS;
}

export function degrees(angle: number): number {
  return angle / RADIANS;
}

/** Metres between two latitudes, in degrees, of the same longitude. */
export function latitudeDistance(a: number, b: number): number {
  return EARTH_RADIUS_M * Math.abs(radians(b) - radians(a));
}

/** Metres between two places. */
export function distance(from: Place, to: Place): number {
  const v = Math.sin((radians(to.longitude) - radians(from.longitude)) / 2);
  if (v === 0) return latitudeDistance(from.latitude, to.latitude);
  const fromLatitude = radians(from.latitude);
  const toLatitude = radians(to.latitude);
  const u = Math.sin((toLatitude - fromLatitude) / 2);
  const a = u * u + Math.cos(fromLatitude) * Math.cos(toLatitude) * v * v;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(a));
}

/** A distance with 4 decimals, ties to even. */
export function formatDistance(value: number): string {
  const scaled = value * DISTANCE_SCALE;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
  if (!(rounded < 2 ** 63)) return NOT_REPRESENTABLE;
  const text = Number.isSafeInteger(rounded) ? String(rounded) : BigInt(rounded).toString();
  const digits = text.padStart(DISTANCE_DIGITS + 1, '0');
  return `${digits.slice(0, -DISTANCE_DIGITS)}.${digits.slice(-DISTANCE_DIGITS)}`;
}

/** A coordinate as Redis writes it: with up to 17 decimals, no zeros at the end. */
export function formatCoordinate(value: number): string {
  // In binary, a number of 18 digits behind the point is as far from both decimals next to it: the even one is taken.
  const shifted = value * 2 ** TIE_BITS;
  if (Number.isInteger(shifted) && shifted % 2 !== 0) {
    return formatLongDouble({ mantissa: BigInt(shifted), exponent: -TIE_BITS, isInfinite: false });
  }
  const text = value.toFixed(COORDINATE_DIGITS);
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end--;
  if (text.charCodeAt(end - 1) === POINT) end--;
  return end === 2 && text.startsWith('-0') ? '0' : text.slice(0, end);
}
