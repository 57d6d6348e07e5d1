/** HTTL and its kin: when fields expire, of Redis 7.4. */
import { NEVER_EXPIRES } from '../../types/field-expiries.ts';
import { type CommandSpec, defineCommands } from '../command.ts';
import type { ShardContext } from '../context.ts';
import { KEY, oneKey } from '../declarations.ts';
import { MILLISECONDS, SECONDS, type UnitMs } from '../expiry-options.ts';
import { answerEachField, FIELDS_BLOCK, NO_EXPIRY } from './expiry.ts';

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
  const { bytes, starts, ends } = context.args;
  answerEachField(context, (hash, word) => {
    const moment = hash.expiryOf(bytes, starts[word]!, ends[word]!);
    return moment === NEVER_EXPIRES ? NO_EXPIRY : Math.ceil((moment - baseMs) / unitMs);
  });
}
