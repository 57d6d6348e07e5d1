/**
 * SORT and SORT_RO. What they sort are lists, sets and sorted sets; the elements of a value of those types come from
 * `elementsOf`, the one place to extend for each type.
 */
import type { Arguments } from '../protocol/arguments.ts';
import {
  NOT_AN_INTEGER,
  SORT_BY_DENIED,
  SORT_GET_DENIED,
  SYNTAX_ERROR,
  WRONG_TYPE,
} from '../protocol/errors.ts';
import { type ArgumentSpec, type CommandSpec, defineCommands, type KeySpecification } from './command.ts';
import type { ShardContext } from './context.ts';
import { KEY, keyAt, token } from './declarations.ts';

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
  hasGroupCategory: false,
  hasLongReply: true,
  readsUnnamedKeys,
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
}

function sort({ args, reply, together }: ShardContext, mayStore: boolean): void {
  const options = readOptions(args, mayStore);
  if (typeof options === 'string') {
    reply.error(options);
    return;
  }
  const elements = elementsOf(together.typeOf(1));
  if (elements === undefined) {
    reply.error(WRONG_TYPE);
    return;
  }
  if (options.destination === undefined) {
    reply.array(elements.length);
    return;
  }
  together.remove(options.destination);
  reply.integer(elements.length);
}

/** The elements of a value of `type`, none when there is no value; undefined when it has no elements to sort. */
function elementsOf(type: number | undefined): readonly Uint8Array[] | undefined {
  return type === undefined ? [] : undefined;
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
