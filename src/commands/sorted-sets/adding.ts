/** ZADD and ZINCRBY. */
import type { Arguments } from '../../protocol/arguments.ts';
import {
  SCORE_NOT_A_NUMBER,
  ZADD_GT_LT_AND_NX,
  ZADD_INCR_PAIRS,
  ZADD_XX_AND_NX,
} from '../../protocol/collection-errors.ts';
import { NOT_A_FLOAT, SYNTAX_ERROR } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { lastAdd } from '../../types/sorted-set-changes.ts';
import { REFUSED } from '../collection-access.ts';
import { defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey, token } from '../declarations.ts';
import { peekKey } from '../key-access.ts';
import { EVENT } from '../keyspace-events.ts';
import { readScoreWord } from './score-words.ts';
import {
  addMember,
  addMembers,
  findSortedSet,
  ScoredMembers,
  SORTED_SET,
  sortedSetAt,
} from './sorted-set-access.ts';

export const sortedSetAdding = defineCommands([
  {
    ...SORTED_SET,
    name: 'zadd',
    since: '1.2.0',
    summary:
      'Adds members to a sorted set, or gives them other scores; makes the sorted set if there is none',
    complexity: 'O(log(N)) for each member, where N is the number of members of the sorted set',
    arity: -4,
    flags: ['write', 'denyoom', 'fast'],
    keys: oneKey('RW', 'update'),
    arguments: [
      KEY,
      {
        name: 'condition',
        type: 'oneof',
        optional: true,
        since: '3.0.2',
        arguments: [token('NX'), token('XX')],
      },
      {
        name: 'comparison',
        type: 'oneof',
        optional: true,
        since: '6.2.0',
        arguments: [token('GT'), token('LT')],
      },
      { ...token('CH', '3.0.2'), name: 'change', optional: true },
      { ...token('INCR', '3.0.2'), name: 'increment', optional: true },
      {
        name: 'data',
        type: 'block',
        multiple: true,
        arguments: [
          { name: 'score', type: 'double' },
          { name: 'member', type: 'string' },
        ],
      },
    ],
    history: [
      ['2.4.0', 'Accepts multiple elements.'],
      ['3.0.2', 'Added the `XX`, `NX`, `CH` and `INCR` options.'],
      ['6.2.0', 'Added the `GT` and `LT` options.'],
    ],
    placement: { at: 'key', handler: add },
  },
  {
    ...SORTED_SET,
    name: 'zincrby',
    since: '1.2.0',
    summary: 'Adds a number to the score of a member of a sorted set, and returns the sum',
    complexity: 'O(log(N)) where N is the number of members of the sorted set',
    arity: 4,
    flags: ['write', 'denyoom', 'fast'],
    keys: oneKey('RW', 'access', 'update'),
    arguments: [KEY, { name: 'increment', type: 'integer' }, { name: 'member', type: 'string' }],
    placement: { at: 'key', handler: increment },
  },
]);

const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;
const CH = 16;
const INCR = 32;
const CONDITIONS = NX | XX | GT | LT;

const members = new ScoredMembers();

/** The flag of an option; 0 when the word is none. */
function flagOf(args: Arguments, word: number): number {
  if (args.length(word) > 4) return 0;
  if (args.is(word, 'nx')) return NX;
  if (args.is(word, 'xx')) return XX;
  if (args.is(word, 'gt')) return GT;
  if (args.is(word, 'lt')) return LT;
  if (args.is(word, 'ch')) return CH;
  return args.is(word, 'incr') ? INCR : 0;
}

function add(context: ShardContext): void {
  const { args, reply } = context;
  let flags = 0;
  let first = 2;
  for (let flag = flagOf(args, first); flag !== 0; flag = first < args.count ? flagOf(args, first) : 0) {
    flags |= flag;
    first++;
  }
  const problem = problemOf(flags, args.count - first) ?? readPairs(args, first);
  if (problem !== undefined) {
    reply.error(problem);
    return;
  }
  const ref = findSortedSet(context);
  if (ref === REFUSED) return;
  if ((flags & INCR) !== 0) {
    addTo(context, ref, flags, first);
    return;
  }
  if ((flags & CONDITIONS) !== 0) {
    addEach(context, ref, flags, first);
    return;
  }
  const changed = addMembers(context, 1, ref, members);
  if (changed > 0) context.notify(EVENT.sortedSet, 'zadd', 1);
  reply.integer((flags & CH) !== 0 ? changed : lastAdd.added);
}

/** The text of the error of options that go not together, or `words` that are no pairs. */
function problemOf(flags: number, words: number): string | undefined {
  if (words === 0 || words % 2 !== 0) return SYNTAX_ERROR;
  if ((flags & NX) !== 0 && (flags & XX) !== 0) return ZADD_XX_AND_NX;
  const compared = flags & (GT | LT);
  if (compared === (GT | LT) || (compared !== 0 && (flags & NX) !== 0)) return ZADD_GT_LT_AND_NX;
  return (flags & INCR) !== 0 && words > 2 ? ZADD_INCR_PAIRS : undefined;
}

/** Takes all pairs into `members`; the text of an error when a score is none. */
function readPairs(args: Arguments, first: number): string | undefined {
  const { bytes, starts, ends, count } = args;
  members.begin((count - first) >>> 1, ends[count - 1]! - starts[first]!);
  for (let i = first; i < count; i += 2) {
    const score = readScoreWord(args, i);
    if (score === undefined) return NOT_A_FLOAT;
    members.add(score, bytes, starts[i + 1]!, ends[i + 1]!);
  }
  return undefined;
}

/** Whether a member may get `score` in the place of `current`, which is undefined when it is not there. */
function isAllowed(flags: number, current: number | undefined, score: number): boolean {
  if (current === undefined) return (flags & XX) === 0;
  if ((flags & NX) !== 0) return false;
  if ((flags & GT) !== 0 && score <= current) return false;
  return (flags & LT) === 0 || score < current;
}

/** The score of the member in word `word`, undefined when it is not there. */
function scoreOf(context: ShardContext, ref: number, word: number): number | undefined {
  if (ref === ABSENT) return undefined;
  const { bytes, starts, ends } = context.args;
  const set = sortedSetAt(context, ref);
  return set.find(bytes, starts[word]!, ends[word]!) ? set.score : undefined;
}

/** One pair after the other: what one does decides about the next where the same member comes again. */
function addEach(context: ShardContext, found: number, flags: number, first: number): void {
  const { args, reply } = context;
  let added = 0;
  let updated = 0;
  let ref = found;
  for (let i = first; i < args.count; i += 2) {
    const score = readScoreWord(args, i)!;
    const current = scoreOf(context, ref, i + 1);
    if (!isAllowed(flags, current, score) || current === score) continue;
    addMember(context, 1, ref, score, args.bytes, args.starts[i + 1]!, args.ends[i + 1]!);
    ref = peekKey(context);
    if (current === undefined) added++;
    else updated++;
  }
  if (added + updated > 0) context.notify(EVENT.sortedSet, 'zadd', 1);
  reply.integer((flags & CH) !== 0 ? added + updated : added);
}

function increment(context: ShardContext): void {
  const { args, reply } = context;
  if (readScoreWord(args, 2) === undefined) {
    reply.error(NOT_A_FLOAT);
    return;
  }
  const ref = findSortedSet(context);
  if (ref !== REFUSED) addTo(context, ref, INCR, 2);
}

/** Adds the number in word `first` to the score of the member in the next one, and answers with the sum. */
function addTo(context: ShardContext, ref: number, flags: number, first: number): void {
  const { args, reply } = context;
  const by = readScoreWord(args, first)!;
  const current = scoreOf(context, ref, first + 1);
  const score = current === undefined ? by : current + by;
  // In this order: a member that NX leaves alone is not added up.
  if (current !== undefined && (flags & NX) !== 0) {
    reply.null();
  } else if (Number.isNaN(score)) {
    reply.error(SCORE_NOT_A_NUMBER);
  } else if (!isAllowed(flags, current, score)) {
    reply.null();
  } else {
    if (score !== current) {
      addMember(context, 1, ref, score, args.bytes, args.starts[first + 1]!, args.ends[first + 1]!);
      context.notify(EVENT.sortedSet, 'zincr', 1);
    }
    reply.double(score);
  }
}
