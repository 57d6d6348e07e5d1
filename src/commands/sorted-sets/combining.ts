/** ZUNION, ZINTER, ZDIFF, their forms that store, and ZINTERCARD. */
import { SortedSet } from '../../types/sorted-set.ts';
import { REFUSED } from '../collection-access.ts';
import {
  type ArgumentSpec,
  type CommandSpec,
  defineCommands,
  type KeyPositions,
  type KeySpecification,
} from '../command.ts';
import type { ShardContext } from '../context.ts';
import { keyAt, token } from '../declarations.ts';
import { countedKeys } from '../lists/moving.ts';
import { type CombinationForm, keyCountProblem, readCombinationOptions } from './combination-request.ts';
import { combine, countCommon, type Input, type Operation } from './combinations.ts';
import { readInput, releaseInputs, storeResult } from './inputs-and-results.ts';
import { pairForm, writeMembers } from './member-replies.ts';
import { SORTED_SET } from './sorted-set-access.ts';

const UNION_COMPLEXITY =
  'O(N)+O(M*log(M)) where N is the number of members of all inputs and M the number of those of the result';
const INTER_COMPLEXITY =
  'O(N*K)+O(M*log(M)) where N is the number of members of the smallest input, K the number of inputs and M the number of members of the result';
const DIFF_COMPLEXITY =
  'O(L+M*log(M)) where L is the number of members of all inputs and M the number of those of the result';

const NUMKEYS: ArgumentSpec = { name: 'numkeys', type: 'integer' };
const COMBINING: readonly ArgumentSpec[] = [
  { name: 'weight', type: 'integer', token: 'WEIGHTS', optional: true, multiple: true },
  {
    name: 'aggregate',
    type: 'oneof',
    token: 'AGGREGATE',
    optional: true,
    arguments: [token('SUM'), token('MIN'), token('MAX')],
  },
];
const WITHSCORES: ArgumentSpec = { ...token('WITHSCORES'), optional: true };

function inputKeys(word: number): KeySpecification {
  return { keyNumber: { word, first: 1, step: 1 }, flags: ['RO', 'access'] };
}

const READ_KEYS: KeyPositions = {
  first: 0,
  last: 0,
  step: 0,
  flags: ['RO', 'access'],
  specifications: [inputKeys(1)],
  find: (args) => countedKeys(args, 1),
};

const STORE_KEYS: KeyPositions = {
  first: 1,
  last: 1,
  step: 1,
  flags: ['OW', 'update'],
  specifications: [keyAt(1, 'OW', 'update'), inputKeys(2)],
  find: (args) => [1, ...countedKeys(args, 2)],
};

function reader(
  name: string,
  operation: Operation,
  declared: Pick<CommandSpec, 'summary' | 'complexity'>,
): CommandSpec {
  const combines = operation !== 'diff';
  const form: CombinationForm = { at: 1, combines, takesScores: true };
  return {
    ...SORTED_SET,
    ...declared,
    name,
    since: '6.2.0',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    keys: READ_KEYS,
    arguments: [
      NUMKEYS,
      { name: 'key', type: 'key', multiple: true },
      ...(combines ? COMBINING : []),
      WITHSCORES,
    ],
    hasLongReply: true,
    check: (args) => keyCountProblem(args, 1, name),
    placement: { at: 'together', handler: (context) => read(context, operation, form) },
  };
}

function storer(
  name: string,
  operation: Operation,
  declared: Pick<CommandSpec, 'summary' | 'complexity' | 'since'>,
): CommandSpec {
  const combines = operation !== 'diff';
  const form: CombinationForm = { at: 2, combines, stores: true };
  return {
    ...SORTED_SET,
    ...declared,
    name,
    arity: -4,
    flags: ['write', 'denyoom', 'movablekeys'],
    keys: STORE_KEYS,
    arguments: [
      { name: 'destination', type: 'key' },
      NUMKEYS,
      { name: 'key', type: 'key', multiple: true, keySpecification: 1 },
      ...(combines ? COMBINING : []),
    ],
    check: (args) => keyCountProblem(args, 2, name),
    placement: { at: 'together', handler: (context) => store(context, operation, form, name) },
  };
}

export const sortedSetCombining = defineCommands([
  reader('zunion', 'union', {
    summary: 'Returns the members of all of several sorted sets or sets, with their scores added up',
    complexity: UNION_COMPLEXITY,
  }),
  reader('zinter', 'inter', {
    summary: 'Returns the members that several sorted sets or sets have in common',
    complexity: INTER_COMPLEXITY,
  }),
  reader('zdiff', 'diff', {
    summary: 'Returns the members of a sorted set that others do not have',
    complexity: DIFF_COMPLEXITY,
  }),
  storer('zunionstore', 'union', {
    since: '2.0.0',
    summary: 'Stores the members of all of several sorted sets or sets, with their scores added up',
    complexity: UNION_COMPLEXITY,
  }),
  storer('zinterstore', 'inter', {
    since: '2.0.0',
    summary: 'Stores the members that several sorted sets or sets have in common',
    complexity: INTER_COMPLEXITY,
  }),
  storer('zdiffstore', 'diff', {
    since: '6.2.0',
    summary: 'Stores the members of a sorted set that others do not have',
    complexity: DIFF_COMPLEXITY,
  }),
  {
    ...SORTED_SET,
    name: 'zintercard',
    since: '7.0.0',
    summary: 'Returns how many members several sorted sets or sets have in common',
    complexity: 'O(N*K) where N is the number of members of the smallest input and K the number of inputs',
    arity: -3,
    flags: ['readonly', 'movablekeys'],
    keys: READ_KEYS,
    arguments: [
      NUMKEYS,
      { name: 'key', type: 'key', multiple: true },
      { name: 'limit', type: 'integer', token: 'LIMIT', optional: true },
    ],
    check: (args) => keyCountProblem(args, 1, 'zintercard'),
    placement: { at: 'together', handler: count },
  },
]);

/** The sorted sets at the keys, with weights of 1; undefined, and answered, when something else is there. */
function readInputs(context: ShardContext, { at, stores }: CombinationForm): SortedSets | undefined {
  const sets: SortedSets = [];
  for (const word of countedKeys(context.args, at)) {
    const set = readInput(context, word, true, stores === true);
    if (set === REFUSED) {
      releaseInputs();
      return undefined;
    }
    sets.push(set);
  }
  return sets;
}

type SortedSets = Input['set'][];

/** The inputs with their options; undefined, and answered, when something is wrong. */
function readRequest(context: ShardContext, form: CombinationForm) {
  const sets = readInputs(context, form);
  if (sets === undefined) return undefined;
  const options = readCombinationOptions(context.args, form);
  if (typeof options === 'string') {
    releaseInputs();
    context.reply.error(options);
    return undefined;
  }
  return { options, inputs: sets.map((set, i): Input => ({ set, weight: options.weights[i]! })) };
}

function read(context: ShardContext, operation: Operation, form: CombinationForm): void {
  const { reply, keyspace } = context;
  const request = readRequest(context, form);
  if (request === undefined) return;
  const { options, inputs } = request;
  const result = new SortedSet(keyspace.objects.limits.sortedSet);
  // As in Redis, where the packed form cannot tell a negative zero.
  result.enlarge();
  combine(operation, inputs, options, result);
  releaseInputs();
  writeMembers(reply, result, 0, result.length, false, options.withScores ? pairForm(reply) : undefined);
  result.dispose();
}

function store(context: ShardContext, operation: Operation, form: CombinationForm, event: string): void {
  const request = readRequest(context, form);
  if (request === undefined) return;
  const { options, inputs } = request;
  const result = new SortedSet(context.keyspace.objects.limits.sortedSet);
  combine(operation, inputs, options, result);
  releaseInputs();
  storeResult(context, 1, result, event);
}

function count(context: ShardContext): void {
  const request = readRequest(context, { at: 1, takesLimit: true });
  if (request === undefined) return;
  context.reply.integer(countCommon(request.inputs, request.options.limit));
  releaseInputs();
}
