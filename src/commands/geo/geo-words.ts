/** What the commands of places have in common: the words for places, distances and units, and how they are described. */
import type { Arguments } from '../../protocol/arguments.ts';
import {
  BOX_NEGATIVE,
  HEIGHT_NOT_NUMERIC,
  invalidPlace,
  RADIUS_NEGATIVE,
  RADIUS_NOT_NUMERIC,
  UNIT_UNSUPPORTED,
  WIDTH_NOT_NUMERIC,
} from '../../protocol/collection-errors.ts';
import { NOT_A_FLOAT } from '../../protocol/errors.ts';
import { metresOf } from '../../types/geo-distance.ts';
import { isPlace, type Place } from '../../types/geohash.ts';
import type { ArgumentSpec } from '../command.ts';
import { token } from '../declarations.ts';

export const LONGITUDE: ArgumentSpec = { name: 'longitude', type: 'double' };
export const LATITUDE: ArgumentSpec = { name: 'latitude', type: 'double' };
export const MEMBER: ArgumentSpec = { name: 'member', type: 'string' };
export const UNIT: ArgumentSpec = {
  name: 'unit',
  type: 'oneof',
  arguments: ['m', 'km', 'ft', 'mi'].map((unit) => token(unit)),
};

/** The place in words `word` and the next, or the text of an error. */
export function readPlace(args: Arguments, word: number): Place | string {
  const longitude = args.double(word);
  const latitude = args.double(word + 1);
  if (longitude === undefined || latitude === undefined) return NOT_A_FLOAT;
  return isPlace(longitude, latitude) ? { longitude, latitude } : invalidPlace(longitude, latitude);
}

/** The metres of the unit in word `word`, or the text of an error. */
export function readUnit(args: Arguments, word: number): number | string {
  return metresOf(args.text(word)) ?? UNIT_UNSUPPORTED;
}

/** A circle around whatever is named elsewhere. */
export interface Radius {
  readonly kind: 'circle';
  readonly radius: number;
  readonly metres: number;
}

export interface BoxSize {
  readonly kind: 'box';
  readonly width: number;
  readonly height: number;
  readonly metres: number;
}

/** The radius and its unit in two words from `word` on, or the text of an error. */
export function readRadius(args: Arguments, word: number): Radius | string {
  const radius = args.double(word);
  if (radius === undefined) return RADIUS_NOT_NUMERIC;
  if (radius < 0) return RADIUS_NEGATIVE;
  const metres = readUnit(args, word + 1);
  return typeof metres === 'string' ? metres : { kind: 'circle', radius, metres };
}

/** The width, the height and their unit in three words from `word` on, or the text of an error. */
export function readBoxSize(args: Arguments, word: number): BoxSize | string {
  const width = args.double(word);
  if (width === undefined) return WIDTH_NOT_NUMERIC;
  const height = args.double(word + 1);
  if (height === undefined) return HEIGHT_NOT_NUMERIC;
  if (width < 0 || height < 0) return BOX_NEGATIVE;
  const metres = readUnit(args, word + 2);
  return typeof metres === 'string' ? metres : { kind: 'box', width, height, metres };
}
