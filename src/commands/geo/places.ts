/** GEODIST, GEOHASH and GEOPOS: the places of members. */
import { SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { TYPE_ZSET } from '../../store/layout.ts';
import { distance, formatDistance } from '../../types/geo-distance.ts';
import { decodePlace, geohashText, type Place } from '../../types/geohash.ts';
import type { SortedSet } from '../../types/sorted-set.ts';
import { findCollection, REFUSED } from '../collection-access.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { MEMBER, readUnit, UNIT } from './geo-words.ts';
import { writePlace } from './searching.ts';

const MEMBERS = { ...MEMBER, multiple: true, optional: true } as const;

/** What GEOHASH and GEOPOS have in common. */
const TELLER = {
  group: 'geo',
  since: '3.2.0',
  complexity: 'O(1) for each member',
  arity: -2,
  flags: ['readonly'],
  keys: oneKey('RO', 'access'),
  arguments: [KEY, MEMBERS],
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

export const geoPlaces = defineCommands([
  {
    name: 'geodist',
    group: 'geo',
    since: '3.2.0',
    summary: 'Returns the distance between the places of two members',
    complexity: 'O(1)',
    arity: -4,
    flags: ['readonly'],
    keys: oneKey('RO', 'access'),
    arguments: [
      KEY,
      { ...MEMBER, name: 'member1' },
      { ...MEMBER, name: 'member2' },
      { ...UNIT, optional: true },
    ],
    placement: { at: 'key', handler: geoDistance },
  },
  {
    ...TELLER,
    name: 'geohash',
    summary: 'Returns the places of members as geohashes',
    placement: {
      at: 'key',
      handler: (context) => {
        const { reply } = context;
        const tell = (place: Place | undefined) =>
          place === undefined ? reply.null() : reply.bulkText(geohashText(place));
        forEachPlace(context, tell);
      },
    },
  },
  {
    ...TELLER,
    name: 'geopos',
    summary: 'Returns the places of members as longitudes and latitudes',
    placement: {
      at: 'key',
      handler: (context) => {
        const { reply } = context;
        const tell = (place: Place | undefined) =>
          place === undefined ? reply.nullArray() : writePlace(reply, place);
        forEachPlace(context, tell);
      },
    },
  },
]);

/** The sorted set at the first key; undefined when there is none, REFUSED after an error reply. */
function sortedSetHere(context: ShardContext): SortedSet | undefined | typeof REFUSED {
  const ref = findCollection(context, TYPE_ZSET);
  if (ref === REFUSED) return REFUSED;
  return ref === ABSENT ? undefined : (context.keyspace.collectionOf(ref) as SortedSet);
}

function placeOf({ args }: ShardContext, set: SortedSet | undefined, word: number): Place | undefined {
  const isThere = set?.find(args.bytes, args.starts[word]!, args.ends[word]!) ?? false;
  return isThere ? decodePlace(set!.score) : undefined;
}

/** Answers with an array of what `tell` writes of the place of each member that the words name. */
function forEachPlace(context: ShardContext, tell: (place: Place | undefined) => void): void {
  const { args, reply } = context;
  const set = sortedSetHere(context);
  if (set === REFUSED) return;
  reply.array(args.count - 2);
  for (let word = 2; word < args.count; word++) tell(placeOf(context, set, word));
}

function geoDistance(context: ShardContext): void {
  const { args, reply } = context;
  if (args.count > 5) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const metres = args.count === 5 ? readUnit(args, 4) : 1;
  if (typeof metres === 'string') {
    reply.error(metres);
    return;
  }
  const set = sortedSetHere(context);
  if (set === REFUSED) return;
  const from = placeOf(context, set, 2);
  const to = placeOf(context, set, 3);
  if (from === undefined || to === undefined) reply.null();
  else reply.bulkText(formatDistance(distance(from, to) / metres));
}
