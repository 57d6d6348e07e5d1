/** Scores, distances and areas beside those of a real Redis, at places all over the earth. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { distanceWithin, type Shape, scoreRanges } from '../../src/types/geo-area.ts';
import { distance, formatCoordinate, formatDistance, metresOf } from '../../src/types/geo-distance.ts';
import { decodePlace, encodePlace, geohashText, LATITUDE_MAX } from '../../src/types/geohash.ts';
import type { Client } from '../support/client.ts';
import { Random, seedFrom } from '../support/random.ts';
import { describeWithRedis, type RunningServer, startRedis } from '../support/server.ts';

const seed = seedFrom('CONFORMANCE_SEED');
const PLACES = 3000;
const SEARCHES = 1000;
const UNITS = ['m', 'km', 'ft', 'mi'];

function randomPlace(random: Random): [longitude: number, latitude: number] {
  const of = (max: number) => ((random.below(2 ** 30) - 2 ** 29) / 2 ** 29) * max;
  switch (random.below(8)) {
    case 0:
      return [
        random.pick([-180, 180, 0, 90, -45]),
        random.pick([-LATITUDE_MAX, LATITUDE_MAX, 0, 66, 80, -66]),
      ];
    case 1:
    case 2:
    case 3:
      // Near each other.
      return [13 + of(0.5), 38 + of(0.5)];
    case 4:
      return [random.pick([-180, 179.9]) + Math.abs(of(0.1)), random.pick([-80, 0, 80]) + of(1)];
    default:
      return [of(180), of(LATITUDE_MAX)];
  }
}

/**
 * `theirs`, or `ours` where that is as good: sines are not the same to the last bit with every library, which shows in the fourth decimal
 * of distances of half the earth in feet.
 */
function near(ours: string, theirs = ours): string {
  return Math.abs(Number(ours) - Number(theirs)) < 0.00011 ? ours : theirs;
}

describeWithRedis('places beside Redis', () => {
  let redis: RunningServer;
  let client: Client;
  const members: { name: string; score: number }[] = [];
  const random = new Random(seed);

  beforeAll(async () => {
    redis = await startRedis();
    client = await redis.client();
    const lines = Array.from({ length: PLACES }, (_, i) => {
      const [longitude, latitude] = randomPlace(random);
      members.push({ name: `place:${i}`, score: encodePlace(longitude, latitude) });
      return ['GEOADD', 'places', longitude, latitude, `place:${i}`];
    });
    expect(new Set(await client.pipeline(lines))).toEqual(new Set([1]));
  });
  afterAll(async () => {
    client?.destroy();
    await redis?.close();
  });

  test('have the same scores, coordinates and geohashes', async () => {
    for (const { name, score } of members) {
      const [theirs, places, hashes] = await client.pipeline([
        ['ZSCORE', 'places', name],
        ['GEOPOS', 'places', name],
        ['GEOHASH', 'places', name],
      ]);
      expect(Number(theirs)).toBe(score);
      const decoded = decodePlace(score);
      expect([[formatCoordinate(decoded.longitude), formatCoordinate(decoded.latitude)]]).toEqual(places);
      expect([geohashText(decoded)]).toEqual(hashes);
    }
  });

  test('of scores that no place has are decoded alike', async () => {
    const scores = [
      -1,
      -1.5,
      0.5,
      2 ** 52,
      2 ** 53,
      2 ** 60,
      1e18,
      1e19,
      1e20,
      1e300,
      -1e18,
      -1e19,
      -(2 ** 63),
    ];
    scores.push(2 ** 63, 2 ** 64, 2 ** 64 - 2048, Infinity, -Infinity, 12345.678, 2 ** 54 - 2);
    for (let i = 0; i < 200; i++)
      scores.push((random.below(2 ** 30) - 2 ** 29) * 2 ** random.between(-20, 36));
    for (const score of scores) {
      const text = Number.isFinite(score) ? String(score) : score > 0 ? 'inf' : '-inf';
      const [, places, hashes] = await client.pipeline([
        ['ZADD', 'odd', text, 'm'],
        ['GEOPOS', 'odd', 'm'],
        ['GEOHASH', 'odd', 'm'],
      ]);
      const decoded = decodePlace(score);
      expect([text, formatCoordinate(decoded.longitude), formatCoordinate(decoded.latitude)]).toEqual([
        text,
        ...(places as string[][])[0]!,
      ]);
      expect([geohashText(decoded)]).toEqual(hashes);
    }
  });

  test('have the same distances', async () => {
    for (let i = 0; i < PLACES; i++) {
      const [a, b] = [random.pick(members), random.pick(members)];
      const unit = random.pick(UNITS);
      const theirs = await client.command('GEODIST', 'places', a.name, b.name, unit);
      const ours = formatDistance(distance(decodePlace(a.score), decodePlace(b.score)) / metresOf(unit)!);
      expect([a, b, near(ours)]).toEqual([a, b, near(ours, String(theirs))]);
    }
  });

  test('are found in the same order', async () => {
    const sorted = [...members].sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
    for (let i = 0; i < SEARCHES; i++) {
      const [longitude, latitude] = randomPlace(random);
      const unit = random.pick(UNITS);
      const metres = metresOf(unit)!;
      const length = () => Number((10 ** (random.below(75) / 10) / metres).toPrecision(6));
      const center = { longitude, latitude };
      const area: Shape = random.oneIn(2)
        ? { kind: 'box', center, metres, width: length(), height: length() }
        : { kind: 'circle', center, metres, radius: random.oneIn(20) ? 0 : length() };
      const words =
        area.kind === 'box' ? ['BYBOX', area.width, area.height, unit] : ['BYRADIUS', area.radius, unit];
      const query = ['GEOSEARCH', 'places', 'FROMLONLAT', longitude, latitude, ...words, 'WITHDIST'];
      const theirs = (await client.command(...(query as [string]))) as [string, string][];
      const ours = scoreRanges(area).flatMap(({ min, max }) =>
        sorted
          .filter(({ score }) => score >= min && score < max)
          .flatMap(({ name, score }) => {
            const metresAway = distanceWithin(area, decodePlace(score));
            return metresAway === undefined ? [] : [[name, formatDistance(metresAway / metres)]];
          }),
      );
      const alike = theirs.map(([name, away], i) => [name, near(ours[i]?.[1] ?? '', away)]);
      expect({ query, found: ours }).toEqual({ query, found: alike });
    }
  });
});
