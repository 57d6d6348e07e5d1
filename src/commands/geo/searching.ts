/** GEOSEARCH, GEORADIUS and their kin: the members of a sorted set whose places are within a circle or a box. */
import type { Arguments } from '../../protocol/arguments.ts';
import { WRONG_TYPE } from '../../protocol/errors.ts';
import { buildCollection, collectionOf, imageOf } from '../../rdb/collections.ts';
import { ABSENT, NO_EXPIRY } from '../../store/keyspace.ts';
import { TYPE_ZSET } from '../../store/layout.ts';
import { distanceWithin, type Shape, scoreRanges } from '../../types/geo-area.ts';
import { formatCoordinate, formatDistance } from '../../types/geo-distance.ts';
import { decodePlace, type Place } from '../../types/geohash.ts';
import type { SortedSet } from '../../types/sorted-set.ts';
import { SortedSetCursor } from '../../types/sorted-set-cursor.ts';
import { findCollection, REFUSED } from '../collection-access.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands, type KeySpecification } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, keyAt, oneKey, token, unlikeKeys } from '../declarations.ts';
import { EVENT } from '../keyspace-events.ts';
import { LATITUDE, LONGITUDE, MEMBER, UNIT } from './geo-words.ts';
import { readSearch, type Search, type SearchForm } from './search-options.ts';

const WITH: readonly ArgumentSpec[] = ['WITHCOORD', 'WITHDIST', 'WITHHASH'].map((word) => ({
  ...token(word),
  optional: true,
}));
const ORDER: ArgumentSpec = {
  name: 'order',
  type: 'oneof',
  optional: true,
  arguments: [token('ASC'), token('DESC')],
};
const STORE: ArgumentSpec = {
  name: 'store',
  type: 'oneof',
  optional: true,
  arguments: [
    { name: 'storekey', type: 'key', token: 'STORE', display: 'key', keySpecification: 1 },
    { name: 'storedistkey', type: 'key', token: 'STOREDIST', display: 'key', keySpecification: 2 },
  ],
};
const RADIUS: ArgumentSpec = { name: 'radius', type: 'double' };
const AROUND_PLACE: readonly ArgumentSpec[] = [KEY, LONGITUDE, LATITUDE, RADIUS, UNIT];
const AROUND_MEMBER: readonly ArgumentSpec[] = [KEY, MEMBER, RADIUS, UNIT];
const FROM_AND_BY: readonly ArgumentSpec[] = [
  {
    name: 'from',
    type: 'oneof',
    arguments: [
      { ...MEMBER, token: 'FROMMEMBER' },
      { name: 'fromlonlat', type: 'block', token: 'FROMLONLAT', arguments: [LONGITUDE, LATITUDE] },
    ],
  },
  {
    name: 'by',
    type: 'oneof',
    arguments: [
      { name: 'circle', type: 'block', arguments: [{ ...RADIUS, token: 'BYRADIUS' }, UNIT] },
      {
        name: 'box',
        type: 'block',
        arguments: [
          { name: 'width', type: 'double', token: 'BYBOX' },
          { name: 'height', type: 'double' },
          UNIT,
        ],
      },
    ],
  },
];

const PLACE_FORM: SearchForm = {
  source: 1,
  origin: 'place',
  options: 6,
  mayStore: true,
  destination: undefined,
};
const MEMBER_FORM: SearchForm = { ...PLACE_FORM, origin: 'member', options: 5 };
const OPTIONS_FORM: SearchForm = { ...PLACE_FORM, origin: 'options', options: 2, mayStore: false };
const STORE_FORM: SearchForm = { ...OPTIONS_FORM, source: 2, options: 3, destination: 1 };

const SEARCH = {
  group: 'geo',
  complexity:
    'O(N+log(M)) where N is the number of members in the cells around the area and M the number of all members',
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;
const UPPERCASE = ['7.0.0', 'Added support for uppercase unit names.'] as const;
const ANY_ADDED = ['6.2.0', 'Added the `ANY` option for `COUNT`.'] as const;
const READS = { flags: ['readonly'], keys: oneKey('RO', 'access') } as const satisfies Partial<CommandSpec>;

/** Of a command whose STORE and STOREDIST are looked for from word `options` on. */
function storing(options: number): Pick<CommandSpec, 'flags' | 'keys'> {
  const destination = (word: string): KeySpecification => ({
    keyword: { word, startFrom: options },
    positions: { first: 1, last: 1, step: 1 },
    flags: ['OW', 'update'],
  });
  const specifications = [keyAt(1, 'RO', 'access'), destination('STORE'), destination('STOREDIST')];
  return {
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: { ...oneKey('RO', 'access'), specifications, find: storingKeys },
  };
}

export const geoSearching = defineCommands([
  {
    ...SEARCH,
    ...storing(6),
    name: 'georadius',
    since: '3.2.0',
    summary: 'Returns the members within a distance from a place, or stores them',
    arity: -6,
    arguments: [...AROUND_PLACE, ...WITH, count('6.2.0'), ORDER, STORE],
    history: [ANY_ADDED, UPPERCASE],
    deprecated: {
      since: '6.2.0',
      replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument',
    },
    placement: { at: 'together', handler: (context) => searchTogether(context, PLACE_FORM) },
  },
  {
    ...SEARCH,
    ...READS,
    name: 'georadius_ro',
    since: '3.2.10',
    summary: 'Returns the members within a distance from a place',
    arity: -6,
    arguments: [...AROUND_PLACE, ...WITH, count('6.2.0'), ORDER],
    history: [ANY_ADDED],
    deprecated: { since: '6.2.0', replacedBy: '`GEOSEARCH` with the `BYRADIUS` argument' },
    placement: { at: 'key', handler: (context) => searchHere(context, { ...PLACE_FORM, mayStore: false }) },
  },
  {
    ...SEARCH,
    ...storing(5),
    name: 'georadiusbymember',
    since: '3.2.0',
    summary: 'Returns the members within a distance from a member, or stores them',
    arity: -5,
    arguments: [...AROUND_MEMBER, ...WITH, count(), ORDER, STORE],
    history: [UPPERCASE],
    deprecated: {
      since: '6.2.0',
      replacedBy: '`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments',
    },
    placement: { at: 'together', handler: (context) => searchTogether(context, MEMBER_FORM) },
  },
  {
    ...SEARCH,
    ...READS,
    name: 'georadiusbymember_ro',
    since: '3.2.10',
    summary: 'Returns the members within a distance from a member',
    arity: -5,
    arguments: [...AROUND_MEMBER, ...WITH, count(), ORDER],
    deprecated: {
      since: '6.2.0',
      replacedBy: '`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments',
    },
    placement: { at: 'key', handler: (context) => searchHere(context, { ...MEMBER_FORM, mayStore: false }) },
  },
  {
    ...SEARCH,
    ...READS,
    name: 'geosearch',
    since: '6.2.0',
    summary: 'Returns the members within a circle or a box',
    arity: -7,
    arguments: [KEY, ...FROM_AND_BY, ORDER, count(), ...WITH],
    history: [UPPERCASE],
    placement: { at: 'key', handler: (context) => searchHere(context, OPTIONS_FORM) },
  },
  {
    ...SEARCH,
    name: 'geosearchstore',
    since: '6.2.0',
    summary: 'Stores the members within a circle or a box at a key',
    arity: -8,
    flags: ['write', 'denyoom'],
    keys: unlikeKeys(1, 2, keyAt(1, 'OW', 'update'), keyAt(2, 'RO', 'access')),
    arguments: [
      { name: 'destination', type: 'key' },
      { name: 'source', type: 'key', keySpecification: 1 },
      ...FROM_AND_BY,
      ORDER,
      count(),
      { ...token('STOREDIST'), optional: true },
    ],
    history: [UPPERCASE],
    placement: { at: 'together', handler: (context) => searchTogether(context, STORE_FORM) },
  },
]);

/** COUNT and ANY. */
function count(anySince?: string): ArgumentSpec {
  return {
    name: 'count-block',
    type: 'block',
    optional: true,
    arguments: [
      { name: 'count', type: 'integer', token: 'COUNT' },
      { ...token('ANY', anySince), optional: true },
    ],
  };
}

/** The key that is searched and those of STORE and STOREDIST, of which the last counts. Words that are wrong are passed over. */
function storingKeys(args: Arguments): readonly number[] {
  const keys = [1];
  for (let i = MEMBER_FORM.options; i + 1 < args.count; i++) {
    if (args.is(i, 'store') || args.is(i, 'storedist')) keys.push(++i);
  }
  return keys;
}

interface Found {
  readonly member: Uint8Array;
  readonly score: number;
  readonly place: Place;
  /** Metres from the middle of what is searched. */
  readonly metresAway: number;
}

/** A search that stores nothing, on the shard of its key. */
function searchHere(context: ShardContext, form: SearchForm): void {
  const ref = findCollection(context, TYPE_ZSET, form.source);
  if (ref === REFUSED) return;
  const set = ref === ABSENT ? undefined : (context.keyspace.collectionOf(ref) as SortedSet);
  answer(context, form, set);
}

/** A search that may store what it finds. */
function searchTogether(context: ShardContext, form: SearchForm): void {
  const { args, keyspace, reply, together } = context;
  const { source } = form;
  const type = together.typeOf(source);
  if (type === undefined) {
    context.notify(EVENT.keyMiss, 'keymiss', source);
    answer(context, form, undefined);
  } else if (type !== TYPE_ZSET) {
    reply.error(WRONG_TYPE);
  } else if (context.owns(args.bytes.subarray(args.starts[source]!, args.ends[source]!))) {
    searchHere(context, form);
  } else {
    const { bytes } = together.read(source)!;
    const set = collectionOf(bytes, 0, bytes.length, keyspace.objects.limits) as SortedSet;
    answer(context, form, set);
    set.dispose();
  }
}

function answer(context: ShardContext, form: SearchForm, set: SortedSet | undefined): void {
  const { args, reply, commandName } = context;
  const search = readSearch(args, form, set, commandName);
  if (typeof search === 'string') {
    reply.error(search);
    return;
  }
  const { shape } = search;
  const found = set === undefined || shape === undefined ? [] : chosen(set, shape, search);
  if (search.destination === undefined) write(context, found, search);
  else store(context, search.destination, found, search);
}

/** Those that are asked for, in the order asked for. */
function chosen(set: SortedSet, shape: Shape, search: Search): readonly Found[] {
  const { order, isAny } = search;
  const found = membersWithin(set, shape, isAny ? search.count : Number.POSITIVE_INFINITY);
  // A number of members that are not just any are the nearest.
  const isAscending =
    order === 'ascending' || (order === 'none' && !isAny && search.count < Number.POSITIVE_INFINITY);
  if (isAscending) found.sort((a, b) => a.metresAway - b.metresAway);
  else if (order === 'descending') found.sort((a, b) => b.metresAway - a.metresAway);
  return found.length > search.count ? found.slice(0, search.count) : found;
}

const cursor = new SortedSetCursor();

/** Up to `countMax` of them. */
function membersWithin(set: SortedSet, shape: Shape, countMax: number): Found[] {
  const found: Found[] = [];
  for (const { min, max } of scoreRanges(shape)) {
    if (found.length >= countMax) break;
    let isThere = cursor.open(set, set.countBelow(min, false));
    for (; isThere && cursor.score < max; isThere = cursor.next()) {
      const { score } = cursor;
      const place = decodePlace(score);
      const metresAway = distanceWithin(shape, place);
      if (metresAway === undefined) continue;
      found.push({ member: cursor.copy(), score, place, metresAway });
      if (found.length >= countMax) break;
    }
  }
  return found;
}

function write({ reply }: ShardContext, found: readonly Found[], search: Search): void {
  const { shape, withDistance, withScore, withPlace } = search;
  const extras = Number(withDistance) + Number(withScore) + Number(withPlace);
  reply.array(found.length);
  for (const { member, score, place, metresAway } of found) {
    if (extras > 0) reply.array(extras + 1);
    reply.bulk(member);
    if (withDistance) reply.bulkText(formatDistance(metresAway / shape!.metres));
    if (withScore) reply.integer(Math.trunc(score));
    if (withPlace) writePlace(reply, place);
  }
}

export function writePlace(reply: ShardContext['reply'], { longitude, latitude }: Place): void {
  reply.array(2);
  reply.doubleText(formatCoordinate(longitude));
  reply.doubleText(formatCoordinate(latitude));
}

/** Stores a sorted set of what was found, in the place of whatever the key has. */
function store(context: ShardContext, word: number, found: readonly Found[], search: Search): void {
  const { keyspace, reply, together } = context;
  const { shape, storesDistance } = search;
  if (found.length > 0) {
    const scoreOf = (each: Found) => (storesDistance ? each.metresAway / shape!.metres : each.score);
    const value = {
      kind: 'sorted-set',
      members: found.map(({ member }) => member),
      scores: found.map(scoreOf),
    } as const;
    const set = buildCollection(value, keyspace.objects.limits);
    const bytes = imageOf(set);
    set.dispose();
    together.write(word, { type: TYPE_ZSET, bytes, expiresAt: NO_EXPIRY, isRaw: false });
    const event = context.commandName === 'geosearchstore' ? 'geosearchstore' : 'georadiusstore';
    context.notify(EVENT.sortedSet, event, word);
  } else if (together.typeOf(word) !== undefined) {
    context.notify(EVENT.generic, 'del', word);
    together.remove(word);
  }
  reply.integer(found.length);
}
