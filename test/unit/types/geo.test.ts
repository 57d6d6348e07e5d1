/** Places as scores, distances, and areas: against the documentation's examples, big integers, and a look at every place. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceWithin, type Shape, scoreRanges } from '../../../src/types/geo-area.ts';
import { distance, formatCoordinate, formatDistance, metresOf } from '../../../src/types/geo-distance.ts';
import {
  decodePlace,
  encodePlace,
  geohashText,
  interleave,
  isPlace,
  LATITUDE_MAX,
  LONGITUDE_MAX,
  type Place,
} from '../../../src/types/geohash.ts';

const PALERMO = encodePlace(13.361389, 38.115556);
const CATANIA = encodePlace(15.087269, 37.502669);

const place = fc.record({
  longitude: fc.oneof(
    fc.double({ min: -LONGITUDE_MAX, max: LONGITUDE_MAX, noNaN: true }),
    fc.constantFrom(-LONGITUDE_MAX, LONGITUDE_MAX, 0, -90, 45),
  ),
  latitude: fc.oneof(
    fc.double({ min: -LATITUDE_MAX, max: LATITUDE_MAX, noNaN: true }),
    fc.constantFrom(-LATITUDE_MAX, LATITUDE_MAX, 0, 66, -80),
  ),
});
/** Metres of all magnitudes. */
const length = fc.oneof(
  fc.constant(0),
  fc.double({ min: 0, max: 7, noNaN: true }).map((digits) => 10 ** digits),
);
const metres = fc.constantFrom(1, 1000, 0.3048, 1609.34);
const shape: fc.Arbitrary<Shape> = fc
  .record({ center: place, metres, width: length, height: length, isBox: fc.boolean() })
  .map(({ center, metres: unit, width, height, isBox }) =>
    isBox
      ? { kind: 'box', center, metres: unit, width: width / unit, height: height / unit }
      : { kind: 'circle', center, metres: unit, radius: width / unit },
  );

describe('scores', () => {
  test('are those of the documentation', () => {
    expect(PALERMO).toBe(3479099956230698);
    expect(CATANIA).toBe(3479447370796909);
  });

  test('have the bits of both coordinates in turns', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 26), fc.nat(2 ** 26), (y, x) => {
        let expected = 0n;
        for (let i = 0n; i < 27n; i++) {
          expected |= ((BigInt(y) >> i) & 1n) << (2n * i);
          expected |= ((BigInt(x) >> i) & 1n) << (2n * i + 1n);
        }
        expect(interleave(y, x)).toBe(Number(expected));
      }),
      { numRuns: 1000 },
    );
  });

  test('are decoded to a place in the same cell', () => {
    fc.assert(
      fc.property(place, (there) => {
        const score = encodePlace(there.longitude, there.latitude);
        const decoded = decodePlace(score);
        // The score of a place at the very end has a bit more than a double holds.
        const isAtEnd = there.longitude === LONGITUDE_MAX || there.latitude === LATITUDE_MAX;
        const cells = isAtEnd ? 2 : 1;
        expect(Math.abs(decoded.longitude - there.longitude)).toBeLessThan((cells * 360) / 2 ** 26);
        expect(Math.abs(decoded.latitude - there.latitude)).toBeLessThan((cells * 171) / 2 ** 26);
        if (!isAtEnd) expect(encodePlace(decoded.longitude, decoded.latitude)).toBe(score);
      }),
      { numRuns: 1000 },
    );
  });

  test('of any kind are decoded to places within the limits', () => {
    fc.assert(
      fc.property(fc.double(), (score) => {
        const { longitude, latitude } = decodePlace(score);
        expect(isPlace(longitude, latitude)).toBe(true);
      }),
    );
  });

  test('have geohashes of eleven letters', () => {
    expect(geohashText(decodePlace(PALERMO))).toBe('sqc8b49rny0');
    expect(geohashText(decodePlace(CATANIA))).toBe('sqdtr74hyu0');
    expect(geohashText({ longitude: -5.6, latitude: 42.6 })).toBe('ezs42e44yx0');
  });
});

describe('distances', () => {
  test('are those of the documentation, in each unit', () => {
    const metresBetween = distance(decodePlace(PALERMO), decodePlace(CATANIA));
    expect(formatDistance(metresBetween)).toBe('166274.1516');
    expect(formatDistance(metresBetween / metresOf('km')!)).toBe('166.2742');
    expect(formatDistance(metresBetween / metresOf('MI')!)).toBe('103.3182');
    expect(formatDistance(metresBetween / metresOf('ft')!)).toBe('545518.8700');
    expect(metresOf('furlong')).toBeUndefined();
    expect(metresOf('toString')).toBeUndefined();
  });

  test('are the same both ways, and 0 from a place to itself', () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        expect(distance(a, a)).toBe(0);
        expect(Math.abs(distance(a, b) - distance(b, a))).toBeLessThan(1e-6);
      }),
    );
  });

  test('have four decimals', () => {
    for (const [value, text] of [
      [0, '0.0000'],
      [0.00004, '0.0000'],
      [0.0001, '0.0001'],
      [0.775, '0.7750'],
      [1 / 3, '0.3333'],
      [2 / 3, '0.6667'],
      [12345678.9, '12345678.9000'],
      [0.5 + 2 ** -5, '0.5312'],
      [0.5 + 3 * 2 ** -5, '0.5938'],
      [1e14, '100000000000000.0000'],
      [Number.NaN, '-922337203685477.5808'],
      [1e300, '-922337203685477.5808'],
    ] as const) {
      expect(formatDistance(value)).toBe(text);
    }
  });
});

describe('coordinates', () => {
  test('have up to 17 decimals', () => {
    const { longitude, latitude } = decodePlace(PALERMO);
    expect(formatCoordinate(longitude)).toBe('13.36138933897018433');
    expect(formatCoordinate(latitude)).toBe('38.11555639549629859');
    expect(formatCoordinate(-180)).toBe('-180');
    expect(formatCoordinate(100)).toBe('100');
    expect(formatCoordinate(-0.5)).toBe('-0.5');
    expect(formatCoordinate(0)).toBe('0');
    expect(formatCoordinate(-0)).toBe('0');
    expect(formatCoordinate(-1e-18)).toBe('0');
    // Ties go to the even digit.
    expect(formatCoordinate(2 ** -18)).toBe('0.00000381469726562');
    expect(formatCoordinate(-3 * 2 ** -18)).toBe('-0.00001144409179688');
  });
});

/** All scores within the cells, by brute force. */
function found(area: Shape, places: readonly Place[]): Place[] {
  const ranges = scoreRanges(area);
  return places.filter(({ longitude, latitude }) => {
    const score = encodePlace(longitude, latitude);
    return ranges.filter(({ min, max }) => min <= score && score < max).length > 0;
  });
}

describe('the scores to look at', () => {
  test('are in no two ranges', () => {
    fc.assert(
      fc.property(shape, (area) => {
        const ranges = scoreRanges(area).sort((a, b) => a.min - b.min);
        for (let i = 1; i < ranges.length; i++) {
          expect(ranges[i]!.min).toBeGreaterThanOrEqual(ranges[i - 1]!.max);
        }
        expect(ranges.length).toBeLessThanOrEqual(9);
      }),
      { numRuns: 1000 },
    );
  });

  test('are those of all places near the middle of a small area', () => {
    const small = fc.record({
      longitude: fc.double({ min: -170, max: 170, noNaN: true }),
      latitude: fc.double({ min: -65, max: 65, noNaN: true }),
    });
    const offset = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        small,
        fc.double({ min: 10, max: 300_000, noNaN: true }),
        fc.array(fc.tuple(offset, offset), { minLength: 20 }),
        fc.boolean(),
        (center, reach, offsets, isBox) => {
          const area: Shape = isBox
            ? { kind: 'box', center, metres: 1, width: reach, height: reach / 2 }
            : { kind: 'circle', center, metres: 1, radius: reach };
          const degreesReach = reach / 50_000;
          const places = offsets
            .map(([x, y]) => ({
              longitude: center.longitude + x * degreesReach,
              latitude: center.latitude + y * degreesReach,
            }))
            .filter(({ longitude, latitude }) => isPlace(longitude, latitude))
            .map(({ longitude, latitude }) => decodePlace(encodePlace(longitude, latitude)));
          const within = places.filter((each) => distanceWithin(area, each) !== undefined);
          expect(found(area, within)).toEqual(within);
        },
      ),
      { numRuns: 500 },
    );
  });
});
