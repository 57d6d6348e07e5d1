/**
 * Which scores to look at for the places within a circle or a box: those of the cell around its middle, of a size that fits, and of
 * the eight cells around that, without those that are out of reach. Sizes, cells and their order are Redis's, as the order of results that are
 * not sorted is that of the cells.
 *
 *     north west | north  | north east
 *     west       | center | east           each of 1/2^steps of the longitudes and of the latitudes
 *     south west | south  | south east
 */
import { degrees, distance, EARTH_RADIUS_M, latitudeDistance, radians } from './geo-distance.ts';
import {
  interleave,
  latitudeOf,
  latitudePart,
  longitudeOf,
  longitudePart,
  type Place,
  STEPS_MAX,
} from './geohash.ts';

/** What is searched: all within `radius`, or a box of `width` and `height`, around a place. */
export type Shape = Circle | Box;

interface Circle {
  readonly kind: 'circle';
  readonly center: Place;
  /** In units of so many metres. */
  readonly metres: number;
  readonly radius: number;
}

interface Box {
  readonly kind: 'box';
  readonly center: Place;
  readonly metres: number;
  readonly width: number;
  readonly height: number;
}

/** Scores from `min` on up to `max`, which is not one of them. */
export interface ScoreRange {
  readonly min: number;
  readonly max: number;
}

/** Numbers of the parts of the longitudes and latitudes. */
interface Cell {
  readonly x: number;
  readonly y: number;
}

interface Bounds {
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

/** Half of the earth's circumference, in metres, as the Mercator projection has it. */
const MERCATOR_MAX_M = 20037726.37;
/** Beyond these latitudes cells are narrower by half, and by half again. */
const NARROW_LATITUDE = 66;
const VERY_NARROW_LATITUDE = 80;

/** East and north of the center. */
const NEIGHBORS: readonly (readonly [east: number, north: number])[] = [
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
  [1, 1],
  [-1, 1],
  [1, -1],
  [-1, -1],
];

/** The metres between the middle of `shape` and `place`, or undefined when it is outside. */
export function distanceWithin(shape: Shape, place: Place): number | undefined {
  const { center, metres } = shape;
  if (shape.kind === 'circle') {
    const fromCenter = distance(center, place);
    return fromCenter > shape.radius * metres ? undefined : fromCenter;
  }
  if (latitudeDistance(place.latitude, center.latitude) > (shape.height * metres) / 2) return undefined;
  const beside = { longitude: center.longitude, latitude: place.latitude };
  if (distance(place, beside) > (shape.width * metres) / 2) return undefined;
  return distance(center, place);
}

/** The scores that places within `shape` have, in the order in which they are to be looked at. No score is in two of them. */
export function scoreRanges(shape: Shape): ScoreRange[] {
  const bounds = boundsOf(shape);
  let steps = stepsFor(reachOf(shape), shape.center.latitude);
  let center = cellOf(shape.center, steps);
  if (steps > 1 && fallsShort(center, steps, bounds)) {
    steps--;
    center = cellOf(shape.center, steps);
  }
  const ranges = [rangeOf(center, steps)];
  let before: Cell | undefined;
  for (const [east, north] of NEIGHBORS) {
    if (steps >= 2 && isOutOfReach(center, steps, bounds, east, north)) continue;
    const cell = moved(center, steps, east, north);
    // Where there are only few cells, those on opposite sides of the center may be the same.
    if (before !== undefined && before.x === cell.x && before.y === cell.y) continue;
    ranges.push(rangeOf(cell, steps));
    before = cell;
  }
  return ranges;
}

/** The metres from the middle to the edge, or the corners. */
function reachOf(shape: Shape): number {
  if (shape.kind === 'circle') return shape.radius * shape.metres;
  const [x, y] = [shape.width / 2, shape.height / 2];
  return Math.sqrt(x * x + y * y) * shape.metres;
}

/** In how many steps the coordinates are halved to get cells that are not much larger than `reach` metres. */
function stepsFor(reach: number, latitude: number): number {
  if (reach === 0) return STEPS_MAX;
  let steps = 1;
  for (let size = reach; size < MERCATOR_MAX_M; size *= 2) steps++;
  // The cell and its neighbours hold the whole then, mostly.
  steps -= 2;
  const fromEquator = Math.abs(latitude);
  if (fromEquator > NARROW_LATITUDE) steps--;
  if (fromEquator > VERY_NARROW_LATITUDE) steps--;
  return Math.min(Math.max(steps, 1), STEPS_MAX);
}

/** Where parallels and meridians bound the shape. The meridians are those of the side where it is farther around the earth, as Redis thinks. */
function boundsOf(shape: Shape): Bounds {
  const { longitude, latitude } = shape.center;
  const height = shape.metres * (shape.kind === 'circle' ? shape.radius : shape.height / 2);
  const width = shape.metres * (shape.kind === 'circle' ? shape.radius : shape.width / 2);
  const north = degrees(height / EARTH_RADIUS_M);
  const edge = latitude < 0 ? latitude - north : latitude + north;
  const east = degrees(width / EARTH_RADIUS_M / Math.cos(radians(edge)));
  return {
    west: longitude - east,
    south: latitude - north,
    east: longitude + east,
    north: latitude + north,
  };
}

function cellOf({ longitude, latitude }: Place, steps: number): Cell {
  return { x: longitudePart(longitude, steps), y: latitudePart(latitude, steps) };
}

/** The cell so many cells to the east and north, around the earth and over its end. */
function moved({ x, y }: Cell, steps: number, east: number, north: number): Cell {
  const mask = 2 ** steps - 1;
  // A place at the very end of a range is in a part behind the last: only moving brings it back.
  return { x: east === 0 ? x : (x + east) & mask, y: north === 0 ? y : (y + north) & mask };
}

/** Whether the bounds are farther out than the cell and its neighbours reach. */
function fallsShort(center: Cell, steps: number, bounds: Bounds): boolean {
  return (
    latitudeOf(moved(center, steps, 0, 1).y + 1, steps) < bounds.north ||
    latitudeOf(moved(center, steps, 0, -1).y, steps) > bounds.south ||
    longitudeOf(moved(center, steps, 1, 0).x + 1, steps) < bounds.east ||
    longitudeOf(moved(center, steps, -1, 0).x, steps) > bounds.west
  );
}

/** Whether the center reaches beyond the bounds on the side of a neighbour. */
function isOutOfReach({ x, y }: Cell, steps: number, bounds: Bounds, east: number, north: number): boolean {
  if (north < 0 && latitudeOf(y, steps) < bounds.south) return true;
  if (north > 0 && latitudeOf(y + 1, steps) > bounds.north) return true;
  if (east < 0 && longitudeOf(x, steps) < bounds.west) return true;
  return east > 0 && longitudeOf(x + 1, steps) > bounds.east;
}

function rangeOf({ x, y }: Cell, steps: number): ScoreRange {
  const cell = interleave(y, x);
  const scores = 2 ** (2 * (STEPS_MAX - steps));
  return { min: cell * scores, max: (cell + 1) * scores };
}
