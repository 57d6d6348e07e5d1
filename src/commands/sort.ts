/**
 * SORT and SORT_RO. What they sort are lists, sets and sorted sets; the elements of a value of those types come from
 * `elementsOf` (sort-elements.ts), the one place to extend for each type.
 */
import type { Arguments } from '../protocol/arguments.ts';
import {
  NOT_AN_INTEGER,
  SORT_BY_DENIED,
  SORT_GET_DENIED,
  SORT_NOT_NUMBERS,
  SYNTAX_ERROR,
  WRONG_TYPE,
} from '../protocol/errors.ts';
import { buildCollection, collectionOf, imageOf } from '../rdb/collections.ts';
import { NO_EXPIRY } from '../store/keyspace.ts';
import { TYPE_LIST, TYPE_SET, TYPE_STRING } from '../store/layout.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands, type KeySpecification } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, keyAt, token } from './declarations.ts';
import { findKey } from './key-access.ts';
import { EVENT } from './keyspace-events.ts';
import { ElementPattern, elementsOf, inOrder, NO_BYTES } from './sort-elements.ts';

const PATTERN_KEYS: KeySpecification = {
  flags: ['RO', 'access'],
  notes:
    "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort",
};
const DESTINATION_KEY: KeySpecification = {
  flags: ['OW', 'update'],
  notes:
    "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array",
};

const OPTIONS: readonly ArgumentSpec[] = [
  {
    name: 'by-pattern',
    type: 'pattern',
    token: 'BY',
    display: 'pattern',
    keySpecification: 1,
    optional: true,
  },
  {
    name: 'limit',
    type: 'block',
    token: 'LIMIT',
    optional: true,
    arguments: [
      { name: 'offset', type: 'integer' },
      { name: 'count', type: 'integer' },
    ],
  },
  {
    name: 'get-pattern',
    type: 'pattern',
    token: 'GET',
    display: 'pattern',
    keySpecification: 1,
    optional: true,
    multiple: true,
    multipleToken: true,
  },
  { name: 'order', type: 'oneof', optional: true, arguments: [token('ASC'), token('DESC')] },
  { ...token('ALPHA'), name: 'sorting', optional: true },
];

const SORT = {
  group: 'generic',
  complexity: 'O(N+M*log(M)) where N is the number of elements and M the number of those returned',
  arity: -2,
  categories: ['set', 'sortedset', 'list', 'dangerous'],
  lacksGroupCategory: true,
  hasLongReply: true,
  readsUnnamedKeys,
  holdsAllShards: readsByPatterns,
} as const satisfies Partial<CommandSpec>;

export const sorting = defineCommands([
  {
    ...SORT,
    name: 'sort',
    since: '1.0.0',
    summary: 'Returns the elements of a list, a set or a sorted set in order, or stores them',
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: {
      first: 1,
      last: 1,
      step: 1,
      flags: ['RO', 'access'],
      specifications: [keyAt(1, 'RO', 'access'), PATTERN_KEYS, DESTINATION_KEY],
      find: sortKeys,
    },
    arguments: [
      KEY,
      ...OPTIONS,
      { name: 'destination', type: 'key', token: 'STORE', keySpecification: 2, optional: true },
    ],
    placement: { at: 'together', handler: (context) => sort(context, true) },
  },
  {
    ...SORT,
    name: 'sort_ro',
    since: '7.0.0',
    summary: 'Returns the elements of a list, a set or a sorted set in order',
    flags: ['readonly', 'movablekeys'],
    keys: {
      first: 1,
      last: 1,
      step: 1,
      flags: ['RO', 'access'],
      specifications: [keyAt(1, 'RO', 'access'), PATTERN_KEYS],
    },
    arguments: [KEY, ...OPTIONS],
    placement: { at: 'together', handler: (context) => sort(context, false) },
  },
]);

/** The key that is sorted and that of the last STORE. Words that are wrong are passed over. */
function sortKeys(args: Arguments): readonly number[] {
  let destination: number | undefined;
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, 'limit')) i += 2;
    else if (args.is(i, 'get') || args.is(i, 'by')) i++;
    else if (args.is(i, 'store') && i + 1 < args.count) destination = ++i;
  }
  return destination === undefined ? [1] : [1, destination];
}

/** BY with a pattern and GET read keys whose names come from the elements. */
function readsUnnamedKeys(args: Arguments): string | undefined {
  for (let i = 2; i < args.count; i++) {
    if (args.is(i, 'limit')) i += 2;
    else if (args.is(i, 'store')) i++;
    else if (args.is(i, 'get') && i + 1 < args.count) return SORT_GET_DENIED;
    else if (args.is(i, 'by') && i + 1 < args.count && args.text(++i).includes('*')) return SORT_BY_DENIED;
  }
  return undefined;
}

/** Whether the names of keys come from the elements, so that they may be on any shard. */
function readsByPatterns(args: Arguments): boolean {
  for (let i = 2; i + 1 < args.count; i++) {
    if (args.is(i, 'limit')) i += 2;
    else if (args.is(i, 'store')) i++;
    else if ((args.is(i, 'get') || args.is(i, 'by')) && args.text(++i).includes('*')) return true;
  }
  return false;
}

/** What the words behind the key say. */
interface SortOptions {
  isDescending: boolean;
  isAlphabetic: boolean;
  offset: number | bigint;
  /** Negative: all. */
  count: number | bigint;
  /** The words that are patterns of GET. */
  gets: number[];
  /** The word that is the pattern of BY. */
  by: number | undefined;
  /** The word that is the key to store at. */
  destination: number | undefined;
  /** Whether the elements are in no order at first. */
  isUnordered: boolean;
}

function sort(context: ShardContext, mayStore: boolean): void {
  const { args, reply } = context;
  const options = readOptions(args, mayStore);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const elements = elementsToSort(context);
  if (elements === undefined) {
    reply.error(WRONG_TYPE);
    return;
  }
  options.isUnordered = context.together.typeOf(1) === TYPE_SET;
  const sorted = sortedElements(context, elements, options);
  if (sorted === undefined) {
    reply.error(SORT_NOT_NUMBERS);
    return;
  }
  const gets = options.gets.map((word) => new ElementPattern(args.copy(word)));
  const chosen = limited(sorted, options);
  const values: readonly (Uint8Array | undefined)[] =
    gets.length === 0
      ? chosen
      : chosen.flatMap((element) => gets.map((pattern) => pattern.valueFor(context, element)));
  if (options.destination !== undefined) store(context, options.destination, values);
  else writeValues(context, values);
}

/** Those of the value at word 1, none when there is no value; undefined when it has none to sort. */
function elementsToSort(context: ShardContext): readonly Uint8Array[] | undefined {
  const { together, keyspace, args } = context;
  const type = together.typeOf(1);
  if (type === undefined) return [];
  if (type === TYPE_STRING) return undefined;
  if (context.owns(args.bytes.subarray(args.starts[1]!, args.ends[1]!))) {
    return elementsOf(keyspace.collectionOf(findKey(context)));
  }
  // In a transaction another shard may execute it than that of the key.
  const { bytes } = together.read(1)!;
  const collection = collectionOf(bytes, 0, bytes.length, keyspace.objects.limits);
  const elements = elementsOf(collection);
  collection.dispose();
  return elements;
}

function sortedElements(
  context: ShardContext,
  elements: readonly Uint8Array[],
  options: SortOptions,
): readonly Uint8Array[] | undefined {
  const { by, isAlphabetic, isDescending } = options;
  const pattern = by === undefined ? undefined : new ElementPattern(context.args.copy(by));
  // What is the same for all elements leaves them in their own order.
  if (pattern?.isConstant) {
    // Those of a set have none: what is stored of them does not depend on chance.
    if (options.isUnordered && options.destination !== undefined) {
      return inOrder(elements, (element) => element, true, isDescending);
    }
    return isDescending ? elements.toReversed() : elements;
  }
  const weigh = (element: Uint8Array) =>
    pattern === undefined ? element : pattern.valueFor(context, element);
  return inOrder(elements, weigh, isAlphabetic, isDescending);
}

function limited(elements: readonly Uint8Array[], { offset, count }: SortOptions): readonly Uint8Array[] {
  const start = Math.max(0, Number(offset));
  return elements.slice(start, count < 0 ? elements.length : start + Number(count));
}

function writeValues({ reply }: ShardContext, values: readonly (Uint8Array | undefined)[]): void {
  reply.array(values.length);
  for (const value of values) {
    if (value === undefined) reply.null();
    else reply.bulk(value);
  }
}

/** Stores a list of the values, with empty strings for those that are not there. */
function store(context: ShardContext, word: number, values: readonly (Uint8Array | undefined)[]): void {
  const { reply, together, keyspace } = context;
  if (values.length === 0) {
    if (together.typeOf(word) !== undefined) {
      context.notify(EVENT.generic, 'del', word);
      together.remove(word);
    }
  } else {
    const elements = values.map((value) => value ?? NO_BYTES);
    const list = buildCollection({ kind: 'list', elements }, keyspace.objects.limits);
    const bytes = imageOf(list);
    list.dispose();
    together.write(word, { type: TYPE_LIST, bytes, expiresAt: NO_EXPIRY, isRaw: false });
    context.notify(EVENT.list, 'sortstore', word);
  }
  reply.integer(values.length);
}

/** The options, or the text of an error. */
function readOptions(args: Arguments, mayStore: boolean): SortOptions | string {
  const options: SortOptions = {
    isDescending: false,
    isAlphabetic: false,
    offset: 0,
    count: -1,
    gets: [],
    by: undefined,
    destination: undefined,
    isUnordered: false,
  };
  for (let i = 2; i < args.count; i++) {
    const left = args.count - i - 1;
    if (args.is(i, 'asc')) {
      options.isDescending = false;
    } else if (args.is(i, 'desc')) {
      options.isDescending = true;
    } else if (args.is(i, 'alpha')) {
      options.isAlphabetic = true;
    } else if (args.is(i, 'limit') && left >= 2) {
      const offset = args.integer(++i);
      const count = args.integer(++i);
      if (offset === undefined || count === undefined) return NOT_AN_INTEGER;
      options.offset = offset;
      options.count = count;
    } else if (mayStore && args.is(i, 'store') && left >= 1) {
      options.destination = ++i;
    } else if (args.is(i, 'by') && left >= 1) {
      options.by = ++i;
    } else if (args.is(i, 'get') && left >= 1) {
      options.gets.push(++i);
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}
