/** OBJECT: how a value is stored, and how much it is used. */
import { parseInteger } from '../base/numbers.ts';
import { LFU_POLICY, NO_LFU_POLICY } from '../protocol/errors.ts';
import { ABSENT } from '../store/keyspace.ts';
import { TYPE_STRING } from '../store/layout.ts';
import { type CommandSpec, defineCommands } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ShardContext } from './context.ts';
import { encodingOf } from './encoding.ts';

/** Redis keeps the integers below this once for all keys, and counts their references as infinite. */
const SHARED_INTEGERS = 10000;
const SHARED_REFERENCES = 2147483647;

/** `tell` answers for an entry that is there. */
function subcommand(
  declared: Pick<CommandSpec, 'name' | 'since' | 'summary'>,
  tell: (context: ShardContext, ref: number) => void,
): CommandSpec {
  return {
    ...declared,
    group: 'generic',
    complexity: 'O(1)',
    arity: 3,
    flags: ['readonly'],
    keys: { first: 2, last: 2, step: 1, flags: ['RO'] },
    arguments: [{ name: 'key', type: 'key' }],
    tips: ['nondeterministic_output'],
    leavesAccessTime: true,
    placement: {
      at: 'key',
      handler: (context) => {
        const { keyspace, args, db, hash, reply } = context;
        const ref = keyspace.peek(db, args.bytes, args.starts[2]!, args.ends[2]!, hash);
        if (ref === ABSENT) reply.null();
        else tell(context, ref);
      },
    },
  };
}

export const objects = defineCommands([
  {
    name: 'object',
    group: 'generic',
    since: '2.2.3',
    summary: 'A container for commands that show how values are stored',
    complexity: 'Depends on subcommand',
    arity: -2,
    flags: [],
    subcommands: [
      subcommand(
        { name: 'encoding', since: '2.2.3', summary: 'Returns how the value at a key is encoded' },
        ({ keyspace, reply }, ref) => reply.bulkText(encodingOf(keyspace, ref)),
      ),
      subcommand(
        {
          name: 'freq',
          since: '4.0.0',
          summary: 'Returns how often a key has been used of late, on a logarithmic scale',
        },
        ({ keyspace, reply }, ref) => {
          if (keyspace.countsUses) reply.integer(keyspace.frequency(ref));
          else reply.error(NO_LFU_POLICY);
        },
      ),
      subcommand(
        { name: 'idletime', since: '2.2.3', summary: 'Returns the seconds since a key was last used' },
        ({ keyspace, reply }, ref) => {
          if (keyspace.countsUses) reply.error(LFU_POLICY);
          else reply.integer(keyspace.idleSeconds(ref));
        },
      ),
      subcommand(
        { name: 'refcount', since: '2.2.3', summary: 'Returns how many references the value at a key has' },
        ({ keyspace, reply }, ref) => reply.integer(isShared(keyspace, ref) ? SHARED_REFERENCES : 1),
      ),
      helpSubcommand({ since: '6.2.0', group: 'generic' }),
    ],
  },
]);

function isShared(keyspace: ShardContext['keyspace'], ref: number): boolean {
  if (!keyspace.sharesIntegers || keyspace.typeOf(ref) !== TYPE_STRING || keyspace.isRaw(ref)) return false;
  const start = keyspace.valueStart(ref);
  const value = parseInteger(keyspace.bytesOf(ref), start, start + keyspace.valueLength(ref));
  return value !== undefined && value >= 0 && value < SHARED_INTEGERS;
}
