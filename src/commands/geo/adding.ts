/** GEOADD: places as the scores of sorted sets. */
import type { Arguments } from '../../protocol/arguments.ts';
import { SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { encodePlace } from '../../types/geohash.ts';
import { lastAdd } from '../../types/sorted-set-changes.ts';
import { REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { peekKey } from '../key-access.ts';
import { EVENT } from '../keyspace-events.ts';
import {
  addMember,
  addMembers,
  findSortedSet,
  ScoredMembers,
  sortedSetAt,
} from '../sorted-sets/sorted-set-access.ts';
import { LATITUDE, LONGITUDE, MEMBER, readPlace } from './geo-words.ts';

export const geoAdding = defineCommands([
  {
    name: 'geoadd',
    group: 'geo',
    since: '3.2.0',
    summary: 'Adds members with their places to a sorted set, or gives them other places',
    complexity: 'O(log(N)) for each member, where N is the number of members of the sorted set',
    arity: -5,
    flags: ['write', 'denyoom'],
    keys: oneKey('RW', 'update'),
    arguments: [
      KEY,
      {
        name: 'condition',
        type: 'oneof',
        optional: true,
        since: '6.2.0',
        arguments: [token('NX'), token('XX')],
      },
      { ...token('CH', '6.2.0'), name: 'change', optional: true },
      { name: 'data', type: 'block', multiple: true, arguments: [LONGITUDE, LATITUDE, MEMBER] },
    ],
    history: [['6.2.0', 'Added the `CH`, `NX` and `XX` options.']],
    placement: { at: 'key', handler: addPlaces },
  },
]);

/** Words of a member and its place. */
const WORDS = 3;

interface Options {
  /** The word of the first longitude. */
  first: number;
  onlyNew: boolean;
  onlyOld: boolean;
  countsUpdates: boolean;
}

const members = new ScoredMembers();

function addPlaces(context: ShardContext): void {
  const { args, reply } = context;
  const options = readOptions(args);
  const { first, onlyNew, onlyOld, countsUpdates } = options;
  if ((args.count - first) % WORDS !== 0 || (onlyNew && onlyOld)) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const problem = readMembers(args, first);
  if (problem !== undefined) {
    reply.error(problem);
    return;
  }
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  const [changed, added] = onlyNew || onlyOld ? addSome(context, ref, options) : addAll(context, ref);
  if (changed > 0) context.notify(EVENT.sortedSet, 'zadd', 1);
  reply.integer(countsUpdates ? changed : added);
}

function readOptions(args: Arguments): Options {
  const options: Options = { first: 2, onlyNew: false, onlyOld: false, countsUpdates: false };
  for (; options.first < args.count; options.first++) {
    if (args.is(options.first, 'nx')) options.onlyNew = true;
    else if (args.is(options.first, 'xx')) options.onlyOld = true;
    else if (args.is(options.first, 'ch')) options.countsUpdates = true;
    else break;
  }
  return options;
}

/** Takes all places into `members` as scores; the text of an error where there are none or one is not on the earth. */
function readMembers(args: Arguments, first: number): string | undefined {
  const { bytes, starts, ends, count } = args;
  if (first === count) return SYNTAX_ERROR;
  members.begin((count - first) / WORDS, ends[count - 1]! - starts[first]!);
  for (let i = first; i < count; i += WORDS) {
    const place = readPlace(args, i);
    if (typeof place === 'string') return place;
    members.add(encodePlace(place.longitude, place.latitude), bytes, starts[i + 2]!, ends[i + 2]!);
  }
  return undefined;
}

/** How many changed, and how many of them were added. */
type Outcome = [changed: number, added: number];

function addAll(context: ShardContext, ref: number): Outcome {
  const changed = addMembers(context, 1, ref, members);
  return [changed, lastAdd.added];
}

/** One after the other, as one decides about the next where the same member comes again. */
function addSome(context: ShardContext, found: number, { first, onlyNew }: Options): Outcome {
  const { args } = context;
  let changed = 0;
  let added = 0;
  let ref = found;
  for (let i = first; i < args.count; i += WORDS) {
    const { longitude, latitude } = readPlace(args, i) as Exclude<ReturnType<typeof readPlace>, string>;
    const score = encodePlace(longitude, latitude);
    const [start, end] = [args.starts[i + 2]!, args.ends[i + 2]!];
    const set = ref === ABSENT ? undefined : sortedSetAt(context, ref);
    const isThere = set?.find(args.bytes, start, end) ?? false;
    if (isThere === onlyNew || (isThere && set!.score === score)) continue;
    if (addMember(context, 1, ref, score, args.bytes, start, end)) added++;
    changed++;
    ref = peekKey(context);
  }
  return [changed, added];
}
