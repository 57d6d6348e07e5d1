/**
 * CLIENT TRACKING and what belongs to it: client-side caching helped by the server. There is none yet, so tracking is
 * always off. Requests are read in full all the same: what is wrong with one is told as Redis tells it, and only one
 * that Redis would take is answered with an error that says what is missing.
 */
import type { Arguments } from '../protocol/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, TRACKING } from '../protocol/errors.ts';
import { CLIENT_ID, subcommand } from './client-subcommand.ts';
import type { CommandSpec } from './command.ts';
import type { ServerContext } from './context.ts';
import { token } from './declarations.ts';

const NOBODY = -1;

export const clientTracking: CommandSpec = subcommand({
  name: 'tracking',
  since: '6.0.0',
  summary: 'Switches client-side caching helped by the server on or off for the connection',
  complexity: 'O(1). Some options may introduce additional complexity.',
  arity: -3,
  arguments: [
    { name: 'status', type: 'oneof', arguments: [token('ON'), token('OFF')] },
    { ...CLIENT_ID, token: 'REDIRECT', optional: true },
    { name: 'prefix', type: 'string', token: 'PREFIX', optional: true, multiple: true, multipleToken: true },
    { ...token('BCAST'), optional: true },
    { ...token('OPTIN'), optional: true },
    { ...token('OPTOUT'), optional: true },
    { ...token('NOLOOP'), optional: true },
  ],
  handler: track,
});

export const clientTrackingInfo: CommandSpec = subcommand({
  name: 'trackinginfo',
  since: '6.2.0',
  summary: 'Returns the state of client-side caching for the connection',
  arity: 2,
  handler: ({ reply }) => {
    reply.map(3);
    reply.bulkText('flags');
    reply.set(1);
    reply.bulkText('off');
    reply.bulkText('redirect');
    reply.integer(NOBODY);
    reply.bulkText('prefixes');
    reply.array(0);
  },
});

export const clientGetRedir: CommandSpec = subcommand({
  name: 'getredir',
  since: '6.0.0',
  summary:
    'Returns the number of the client that gets the notices of client-side caching, -1 without tracking',
  arity: 2,
  handler: ({ reply }) => reply.integer(NOBODY),
});

export const clientCaching: CommandSpec = subcommand({
  name: 'caching',
  since: '6.0.0',
  summary: 'Tells whether the keys of the next command are to be tracked',
  arity: 3,
  arguments: [{ name: 'mode', type: 'oneof', arguments: [token('YES'), token('NO')] }],
  handler: ({ reply }) => reply.error(TRACKING.cachingWithoutTracking),
});

interface TrackingOptions {
  broadcast: boolean;
  optIn: boolean;
  optOut: boolean;
  readonly prefixes: string[];
}

function track(context: ServerContext): void {
  const { args, reply } = context;
  const options = readOptions(context);
  if (typeof options === 'string') reply.error(options);
  else if (args.is(2, 'on')) reply.error(problemOf(options) ?? TRACKING.unavailable);
  else if (args.is(2, 'off')) reply.ok();
  else reply.error(SYNTAX_ERROR);
}

/** The words after ON or OFF, or the text of an error. */
function readOptions(context: ServerContext): TrackingOptions | string {
  const { args } = context;
  const options: TrackingOptions = { broadcast: false, optIn: false, optOut: false, prefixes: [] };
  let hasRedirect = false;
  for (let i = 3; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, 'redirect') && hasMore) {
      if (hasRedirect) return TRACKING.secondRedirect;
      i++;
      const problem = redirectProblem(context, args, i);
      if (problem !== undefined) return problem;
      hasRedirect = true;
    } else if (args.is(i, 'prefix') && hasMore) {
      options.prefixes.push(args.text(++i));
    } else if (args.is(i, 'bcast')) {
      options.broadcast = true;
    } else if (args.is(i, 'optin')) {
      options.optIn = true;
    } else if (args.is(i, 'optout')) {
      options.optOut = true;
    } else if (!args.is(i, 'noloop')) {
      return SYNTAX_ERROR;
    }
  }
  return options;
}

function redirectProblem(context: ServerContext, args: Arguments, word: number): string | undefined {
  const id = args.integer(word);
  if (id === undefined) return NOT_AN_INTEGER;
  for (const each of context.clients()) if (each.id === id) return undefined;
  return TRACKING.noRedirectClient;
}

/** What is wrong with options that are each right by themselves. */
function problemOf({ broadcast, optIn, optOut, prefixes }: TrackingOptions): string | undefined {
  if (!broadcast && prefixes.length > 0) return TRACKING.prefixWithoutBroadcast;
  if (broadcast && (optIn || optOut)) return TRACKING.optionWithBroadcast;
  if (optIn && optOut) return TRACKING.bothOptions;
  return overlap(prefixes);
}

/** Sorted, a prefix stands right before those that begin with it, if there are any. */
function overlap(prefixes: readonly string[]): string | undefined {
  const order = prefixes.map((_, index) => index);
  order.sort((a, b) => (prefixes[a]! < prefixes[b]! ? -1 : prefixes[a]! > prefixes[b]! ? 1 : a - b));
  for (const [at, index] of order.entries()) {
    const next = order[at + 1];
    if (next === undefined || !prefixes[next]!.startsWith(prefixes[index]!)) continue;
    return TRACKING.overlappingPrefixes(prefixes[Math.min(index, next)]!, prefixes[Math.max(index, next)]!);
  }
  return undefined;
}
