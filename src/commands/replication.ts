/**
 * Commands about replication. This server neither has replicas nor is one: they answer what a Redis without
 * replicas answers, and refuse what would need another server.
 */
import type { Arguments } from '../protocol/arguments.ts';
import {
  FAILOVER_NEEDS_REPLICAS,
  FAILOVER_TIMEOUT_TOO_SMALL,
  INVALID_MASTER_PORT,
  NO_FAILOVER,
  NO_REPLICATION,
  NOT_AN_INTEGER,
  NOT_POSITIVE,
  outOfRange,
  PSYNC_FAILOVER_TO_MASTER,
  SYNTAX_ERROR,
  TIMEOUT_NEGATIVE,
  TIMEOUT_NOT_INTEGER,
  TIMEOUT_OUT_OF_RANGE,
  unknownReplconfOption,
  WAITAOF_WITHOUT_AOF,
} from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { type ArgumentSpec, type CommandFlag, defineCommands } from './command.ts';
import type { ServerContext } from './context.ts';
import { token } from './declarations.ts';

/** What a timer can wait for at once; a longer time is as good as for ever. */
const TIMER_MS_MAX = 2 ** 31 - 1;
const INT64_MAX = 9223372036854775807n;

const SYNC_FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'no_async_loading', 'no_multi'];
const REPLICAOF_FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'stale', 'no_async_loading'];
const MASTER: readonly ArgumentSpec[] = [
  {
    name: 'args',
    type: 'oneof',
    arguments: [
      {
        name: 'host-port',
        type: 'block',
        arguments: [
          { name: 'host', type: 'string' },
          { name: 'port', type: 'integer' },
        ],
      },
      { name: 'no-one', type: 'block', arguments: [token('NO'), token('ONE')] },
    ],
  },
];
const WAIT_TIPS = ['request_policy:all_shards', 'response_policy:agg_min'];
const INTERNAL = 'Part of the protocol between servers; always an error';

export const replication = defineCommands([
  {
    name: 'role',
    group: 'server',
    since: '2.8.12',
    summary: 'Returns the role in replication: a master without replicas',
    complexity: 'O(1)',
    arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast'],
    categories: ['admin', 'dangerous'],
    placement: { at: 'server', handler: role },
  },
  {
    name: 'replicaof',
    group: 'server',
    since: '5.0.0',
    summary: 'With NO ONE says that the server is no replica, which it never is; otherwise an error',
    complexity: 'O(1)',
    arity: 3,
    flags: REPLICAOF_FLAGS,
    arguments: MASTER,
    placement: { at: 'server', handler: replicaOf },
  },
  {
    name: 'slaveof',
    group: 'server',
    since: '1.0.0',
    summary: 'The old name of REPLICAOF',
    complexity: 'O(1)',
    arity: 3,
    flags: REPLICAOF_FLAGS,
    arguments: MASTER,
    deprecated: { since: '5.0.0', replacedBy: '`REPLICAOF`' },
    placement: { at: 'server', handler: replicaOf },
  },
  {
    name: 'failover',
    group: 'server',
    since: '6.2.0',
    summary: 'Hands over to a replica; always an error, as there are none',
    complexity: 'O(1)',
    arity: -1,
    flags: ['admin', 'noscript', 'stale'],
    alwaysRefuses: true,
    arguments: [
      {
        name: 'target',
        type: 'block',
        token: 'TO',
        optional: true,
        arguments: [
          { name: 'host', type: 'string' },
          { name: 'port', type: 'integer' },
          { ...token('FORCE'), optional: true },
        ],
      },
      { ...token('ABORT'), optional: true },
      { name: 'milliseconds', type: 'integer', token: 'TIMEOUT', optional: true },
    ],
    placement: { at: 'server', handler: failover },
  },
  {
    name: 'wait',
    group: 'generic',
    since: '3.0.0',
    summary: 'Waits until replicas have the writes of this connection; without replicas, until the timeout',
    complexity: 'O(1)',
    arity: 3,
    flags: [],
    categories: ['connection'],
    lacksGroupCategory: true,
    arguments: [
      { name: 'numreplicas', type: 'integer' },
      { name: 'timeout', type: 'integer' },
    ],
    tips: WAIT_TIPS,
    placement: { at: 'server', handler: wait, afterReplies: true },
  },
  {
    name: 'waitaof',
    group: 'generic',
    since: '7.2.0',
    summary:
      'Waits until the writes of this connection are in append-only files; without any, until the timeout',
    complexity: 'O(1)',
    arity: 4,
    flags: ['noscript'],
    categories: ['connection'],
    lacksGroupCategory: true,
    arguments: [
      { name: 'numlocal', type: 'integer' },
      { name: 'numreplicas', type: 'integer' },
      { name: 'timeout', type: 'integer' },
    ],
    tips: WAIT_TIPS,
    placement: { at: 'server', handler: waitAof, afterReplies: true },
  },
  {
    name: 'sync',
    group: 'server',
    since: '1.0.0',
    summary: INTERNAL,
    complexity: '',
    arity: 1,
    flags: SYNC_FLAGS,
    alwaysRefuses: true,
    placement: { at: 'server', handler: ({ reply }) => reply.error(NO_REPLICATION) },
  },
  {
    name: 'psync',
    group: 'server',
    since: '2.8.0',
    summary: INTERNAL,
    complexity: '',
    arity: -3,
    flags: SYNC_FLAGS,
    alwaysRefuses: true,
    arguments: [
      { name: 'replicationid', type: 'string' },
      { name: 'offset', type: 'integer' },
    ],
    placement: { at: 'server', handler: partialSync },
  },
  {
    name: 'replconf',
    group: 'server',
    since: '3.0.0',
    summary: 'Part of the protocol between servers: takes options that a replica would set',
    complexity: 'O(1)',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'allow_busy'],
    placement: { at: 'server', handler: replicaOptions },
  },
]);

function role({ reply }: ServerContext): void {
  reply.array(3);
  reply.bulkText('master');
  reply.integer(0);
  reply.array(0);
}

function replicaOf({ args, reply }: ServerContext): void {
  if (args.is(1, 'no') && args.is(2, 'one')) {
    reply.ok();
    return;
  }
  const port = args.integer(2);
  reply.error(port === undefined || port < 0 || port > 65535 ? INVALID_MASTER_PORT : NO_REPLICATION);
}

function failover({ args, reply }: ServerContext): void {
  if (args.count === 2 && args.is(1, 'abort')) reply.error(NO_FAILOVER);
  else reply.error(failoverProblem(args) ?? FAILOVER_NEEDS_REPLICAS);
}

/** The text of an error when the words are wrong. */
function failoverProblem(args: Arguments): string | undefined {
  const seen = new Set<string>();
  for (let i = 1; i < args.count; i++) {
    const word = ['timeout', 'to', 'force'].find((option) => args.is(i, option));
    const values = word === 'timeout' ? 1 : word === 'to' ? 2 : 0;
    if (word === undefined || seen.has(word) || i + values >= args.count) return SYNTAX_ERROR;
    seen.add(word);
    i += values;
    const value = values === 0 ? 1 : args.integer(i);
    if (value === undefined) return NOT_AN_INTEGER;
    if (word === 'timeout' && value <= 0) return FAILOVER_TIMEOUT_TOO_SMALL;
  }
  return undefined;
}

function partialSync({ args, reply }: ServerContext): void {
  const isFailover = args.count > 3 && args.is(3, 'failover');
  reply.error(isFailover ? PSYNC_FAILOVER_TO_MASTER : NO_REPLICATION);
}

const REPLCONF_OPTIONS = ['listening-port', 'ip-address', 'capa', 'rdb-only', 'rdb-filter-only'];

/** A replica sets these before it asks for the data, and is refused then. */
function replicaOptions({ args, reply }: ServerContext): void {
  if (args.count % 2 === 0) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  for (let i = 1; i < args.count; i += 2) {
    // These two are never answered.
    if (args.is(i, 'ack') || args.is(i, 'getack')) return;
    if (!REPLCONF_OPTIONS.some((option) => args.is(i, option))) {
      reply.error(unknownReplconfOption(args.text(i)));
      return;
    }
    if (args.is(i, 'listening-port') && args.integer(i + 1) === undefined) {
      reply.error(NOT_AN_INTEGER);
      return;
    }
  }
  reply.ok();
}

function wait(context: ServerContext): void {
  const { args, reply } = context;
  const replicas = args.integer(1);
  const timeout = timeoutMs(args, 2);
  if (replicas === undefined) reply.error(NOT_AN_INTEGER);
  else if (typeof timeout === 'string') reply.error(timeout);
  else if (replicas <= 0) reply.integer(0);
  else answerAfter(context, timeout, (later) => later.integer(0));
}

function waitAof(context: ServerContext): void {
  const { args, reply } = context;
  const local = args.integer(1);
  const replicas = args.integer(2);
  const timeout = timeoutMs(args, 3);
  const zeros = (writer: ReplyWriter) => {
    writer.array(2);
    writer.integer(0);
    writer.integer(0);
  };
  if (local === undefined) reply.error(NOT_AN_INTEGER);
  else if (local < 0 || local > 1) reply.error(outOfRange(0, 1));
  else if (replicas === undefined || replicas < 0) reply.error(NOT_POSITIVE);
  else if (typeof timeout === 'string') reply.error(timeout);
  else if (local > 0) reply.error(WAITAOF_WITHOUT_AOF);
  else if (replicas === 0) zeros(reply);
  else answerAfter(context, timeout, zeros);
}

/** Answers when nobody has come for `ms` milliseconds; 0 waits for ever. */
function answerAfter(context: ServerContext, ms: number, write: (reply: ReplyWriter) => void): void {
  const answer = context.defer();
  if (ms > 0 && ms <= TIMER_MS_MAX) setTimeout(() => answer(write), ms).unref();
}

/** Word `index` as milliseconds to wait, or the text of an error. */
function timeoutMs(args: Arguments, index: number): number | string {
  const value = args.integer(index);
  if (value === undefined) return TIMEOUT_NOT_INTEGER;
  if (value < 0) return TIMEOUT_NEGATIVE;
  // Added to the time of day it must still be a number.
  if (BigInt(value) > INT64_MAX - BigInt(Date.now())) return TIMEOUT_OUT_OF_RANGE;
  return Number(value);
}
