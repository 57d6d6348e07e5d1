/** PFDEBUG and PFSELFTEST: what HyperLogLogs look like inside, for tests. */
import { HYPERLOGLOG_NOT_SPARSE, selfTestFailed, unknownPfdebug } from '../protocol/collection-errors.ts';
import { KEY_MISSING } from '../protocol/errors.ts';
import { ABSENT } from '../store/keyspace.ts';
import { REGISTERS } from '../types/hyperloglog-estimate.ts';
import { denseRegister, HEADER_BYTES } from '../types/hyperloglog-format.ts';
import { describeRuns } from '../types/hyperloglog-registers.ts';
import { testHyperLogLogs } from '../types/hyperloglog-self-test.ts';
import { defineCommands } from './command.ts';
import type { ShardContext } from './context.ts';
import { edited, findHyperLogLog, loadEdited, refuseCorrupt, storeEdited } from './hyperloglog-access.ts';

/** The key's word. */
const KEY_WORD = 2;

export const hyperloglogDebugging = defineCommands([
  {
    name: 'pfdebug',
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Shows or changes the form of a HyperLogLog',
    complexity: 'N/A',
    arity: 3,
    flags: ['write', 'denyoom', 'admin'],
    keys: { first: KEY_WORD, last: KEY_WORD, step: 1, flags: ['RW', 'access'] },
    arguments: [
      { name: 'subcommand', type: 'string' },
      { name: 'key', type: 'key' },
    ],
    hasLongReply: true,
    placement: { at: 'key', handler: debug },
  },
  {
    name: 'pfselftest',
    group: 'hyperloglog',
    since: '2.8.9',
    summary: 'Tests what HyperLogLogs are made of',
    complexity: 'N/A',
    arity: 1,
    flags: ['admin'],
    // It takes long, and so is not for the thread of all clients.
    placement: { at: 'chosen', choose: () => 0, handler: selfTest },
  },
]);

function debug(context: ShardContext): void {
  const { args, reply } = context;
  const ref = findHyperLogLog(context, KEY_WORD);
  if (ref === undefined) return;
  if (ref === ABSENT) {
    reply.error(KEY_MISSING);
    return;
  }
  loadEdited(context, ref);
  if (args.is(1, 'getreg')) showRegisters(context, ref);
  else if (args.is(1, 'decode')) showRuns(context);
  else if (args.is(1, 'encoding')) reply.simple(edited.isDense ? 'dense' : 'sparse');
  else if (args.is(1, 'todense')) makeDense(context, ref);
  else reply.error(unknownPfdebug(args.text(1)));
}

/** As in Redis, looking at the registers makes the HyperLogLog dense. */
function showRegisters(context: ShardContext, ref: number): void {
  const { reply } = context;
  const wasDense = edited.isDense;
  if (!edited.toDense()) {
    refuseCorrupt(context);
    return;
  }
  if (!wasDense) storeEdited(context, KEY_WORD, ref);
  reply.array(REGISTERS);
  for (let i = 0; i < REGISTERS; i++) reply.integer(denseRegister(edited.bytes, HEADER_BYTES, i));
}

function showRuns({ reply }: ShardContext): void {
  if (edited.isDense) reply.error(HYPERLOGLOG_NOT_SPARSE);
  else reply.bulkText(describeRuns(edited.bytes, 0, edited.length));
}

function makeDense(context: ShardContext, ref: number): void {
  const { reply } = context;
  if (edited.isDense) {
    reply.integer(0);
  } else if (edited.toDense()) {
    storeEdited(context, KEY_WORD, ref);
    reply.integer(1);
  } else {
    refuseCorrupt(context);
  }
}

function selfTest({ keyspace, reply }: ShardContext): void {
  const problem = testHyperLogLogs(keyspace.objects.limits.hyperloglogSparseBytes);
  if (problem === undefined) reply.ok();
  else reply.error(selfTestFailed(problem));
}
