/** HTTL and its kin: when fields expire, of Redis 7.4. */
import { FIELDS_NOT_POSITIVE } from '../../protocol/errors.ts';
import { ABSENT } from '../../store/keyspace.ts';
import { NEVER_EXPIRES } from '../../types/field-expiries.ts';
import { REFUSED } from '../collection-access.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { MILLISECONDS, SECONDS, type UnitMs } from '../expiry-options.ts';
import { FIELDS_BLOCK, firstField, NO_EXPIRY, NO_FIELD } from './expiry.ts';
import { findField, findHash, hashOf } from './hash-access.ts';

const TELLER = {
  group: 'hash',
  since: '7.4.0',
  complexity: 'O(N) where N is the number of specified fields',
  arity: -5,
  flags: ['readonly', 'fast'],
  keys: oneKey('RO', 'access'),
  arguments: [KEY, FIELDS_BLOCK],
  hasLongReply: true,
} as const satisfies Partial<CommandSpec>;

export const hashExpiryTimes = defineCommands([
  {
    ...TELLER,
    name: 'httl',
    summary: 'Returns the seconds until fields of a hash expire',
    placement: { at: 'key', handler: (context) => tell(context, SECONDS, context.now()) },
  },
  {
    ...TELLER,
    name: 'hpttl',
    summary: 'Returns the milliseconds until fields of a hash expire',
    placement: { at: 'key', handler: (context) => tell(context, MILLISECONDS, context.now()) },
  },
  {
    ...TELLER,
    name: 'hexpiretime',
    summary: 'Returns the moments at which fields of a hash expire, in seconds since 1970',
    placement: { at: 'key', handler: (context) => tell(context, SECONDS, 0) },
  },
  {
    ...TELLER,
    name: 'hpexpiretime',
    summary: 'Returns the moments at which fields of a hash expire, in milliseconds since 1970',
    placement: { at: 'key', handler: (context) => tell(context, MILLISECONDS, 0) },
  },
]);

/** Seconds are rounded up. */
function tell(context: ShardContext, unitMs: UnitMs, baseMs: number): void {
  const { args, reply } = context;
  const ref = findHash(context);
  if (ref === REFUSED) return;
  const first = firstField(args, 2, FIELDS_NOT_POSITIVE);
  if (typeof first === 'string') {
    reply.error(first);
    return;
  }
  const hash = ref === ABSENT ? undefined : hashOf(context, ref);
  reply.array(args.count - first);
  for (let word = first; word < args.count; word++) {
    if (hash === undefined || !findField(context, hash, word)) {
      reply.integer(NO_FIELD);
      continue;
    }
    const moment = hash.expiryOf(args.bytes, args.starts[word]!, args.ends[word]!);
    if (moment === NEVER_EXPIRES) reply.integer(NO_EXPIRY);
    else reply.integer(Math.ceil((moment - baseMs) / unitMs));
  }
}
