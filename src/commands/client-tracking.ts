/** CLIENT TRACKING and what belongs to it: client-side caching helped by the server. */
import { fromLatin1 } from '../base/bytes.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR, TRACKING } from '../protocol/errors.ts';
import { CLIENT_ID, subcommand } from './client-subcommand.ts';
import type { CommandSpec } from './command.ts';
import type { ServerContext } from './context.ts';
import { token } from './declarations.ts';
import type { TrackingState } from './tracking-service.ts';

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
  handler: tellTracking,
});

export const clientGetRedir: CommandSpec = subcommand({
  name: 'getredir',
  since: '6.0.0',
  summary:
    'Returns the number of the client that gets the notices of client-side caching, -1 without tracking',
  arity: 2,
  handler: ({ reply, client }) => reply.integer(client.tracking?.redirect ?? NOBODY),
});

export const clientCaching: CommandSpec = subcommand({
  name: 'caching',
  since: '6.0.0',
  summary: 'Tells whether the keys of the next command are to be tracked',
  arity: 3,
  arguments: [{ name: 'mode', type: 'oneof', arguments: [token('YES'), token('NO')] }],
  handler: setCaching,
});

/** What a request asks for. */
interface Wanted {
  redirect: number;
  isBroadcast: boolean;
  optIn: boolean;
  optOut: boolean;
  noLoop: boolean;
  readonly prefixes: string[];
}

function track(context: ServerContext): void {
  const { args, reply, client, tracking } = context;
  const wanted = readOptions(context);
  if (typeof wanted === 'string') {
    reply.error(wanted);
  } else if (args.is(2, 'on')) {
    const problem = problemOf(wanted, client.tracking);
    if (problem !== undefined) {
      reply.error(problem);
      return;
    }
    const { prefixes, ...options } = wanted;
    tracking.enable(client, options, prefixes);
    reply.ok();
  } else if (args.is(2, 'off')) {
    tracking.disable(client);
    reply.ok();
  } else {
    reply.error(SYNTAX_ERROR);
  }
}

/** The words after ON or OFF, or the text of an error. */
function readOptions(context: ServerContext): Wanted | string {
  const { args } = context;
  const wanted: Wanted = {
    redirect: 0,
    isBroadcast: false,
    optIn: false,
    optOut: false,
    noLoop: false,
    prefixes: [],
  };
  for (let i = 3; i < args.count; i++) {
    const hasMore = i + 1 < args.count;
    if (args.is(i, 'redirect') && hasMore) {
      if (wanted.redirect !== 0) return TRACKING.secondRedirect;
      const id = redirectOf(context, args, ++i);
      if (typeof id === 'string') return id;
      wanted.redirect = id;
    } else if (args.is(i, 'prefix') && hasMore) {
      wanted.prefixes.push(args.text(++i));
    } else if (args.is(i, 'bcast')) {
      wanted.isBroadcast = true;
    } else if (args.is(i, 'optin')) {
      wanted.optIn = true;
    } else if (args.is(i, 'optout')) {
      wanted.optOut = true;
    } else if (args.is(i, 'noloop')) {
      wanted.noLoop = true;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return wanted;
}

function redirectOf(context: ServerContext, args: Arguments, word: number): number | string {
  const id = args.integer(word);
  if (id === undefined) return NOT_AN_INTEGER;
  for (const each of context.clients()) if (each.id === id) return id;
  return TRACKING.noRedirectClient;
}

/** What is wrong with options that are each right by themselves; `now` is the client's state. */
function problemOf(wanted: Wanted, now: TrackingState | undefined): string | undefined {
  const { isBroadcast, optIn, optOut, prefixes } = wanted;
  if (!isBroadcast && prefixes.length > 0) return TRACKING.prefixWithoutBroadcast;
  if (now !== undefined && now.isBroadcast !== isBroadcast) return TRACKING.otherBroadcast;
  if (isBroadcast && (optIn || optOut)) return TRACKING.optionWithBroadcast;
  if (optIn && optOut) return TRACKING.bothOptions;
  if ((optIn && now?.optOut) || (optOut && now?.optIn)) return TRACKING.otherOption;
  return isBroadcast ? overlap(prefixes, now?.prefixes ?? new Set()) : undefined;
}

/** Sorted, a prefix stands right before those that begin with it, if there are any. */
function overlap(prefixes: readonly string[], existing: ReadonlySet<string>): string | undefined {
  const all = [...existing, ...prefixes];
  const order = all.map((_, index) => index);
  order.sort((a, b) => (all[a]! < all[b]! ? -1 : all[a]! > all[b]! ? 1 : a - b));
  for (const [at, index] of order.entries()) {
    const next = order[at + 1];
    if (next === undefined || !all[next]!.startsWith(all[index]!)) continue;
    const [first, second] = [all[Math.min(index, next)]!, all[Math.max(index, next)]!];
    return Math.min(index, next) < existing.size
      ? TRACKING.overlapsExisting(second, first)
      : TRACKING.overlappingPrefixes(first, second);
  }
  return undefined;
}

function setCaching({ args, reply, client }: ServerContext): void {
  const { tracking } = client;
  if (tracking === undefined) {
    reply.error(TRACKING.cachingWithoutTracking);
    return;
  }
  const isYes = args.is(2, 'yes');
  if (!isYes && !args.is(2, 'no')) reply.error(SYNTAX_ERROR);
  else if (isYes && !tracking.optIn) reply.error(TRACKING.cachingYes);
  else if (!isYes && !tracking.optOut) reply.error(TRACKING.cachingNo);
  else {
    tracking.isCachingGiven = true;
    reply.ok();
  }
}

function tellTracking({ reply, client: { tracking } }: ServerContext): void {
  const flags = tracking === undefined ? ['off'] : flagsOf(tracking);
  reply.map(3);
  reply.bulkText('flags');
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText('redirect');
  reply.integer(tracking?.redirect ?? NOBODY);
  reply.bulkText('prefixes');
  const prefixes = [...(tracking?.prefixes ?? [])].sort();
  reply.array(prefixes.length);
  for (const prefix of prefixes) reply.bulk(fromLatin1(prefix));
}

function flagsOf(tracking: TrackingState): string[] {
  const flags = ['on'];
  if (tracking.isBroadcast) flags.push('bcast');
  if (tracking.optIn) flags.push('optin');
  if (tracking.optIn && tracking.isCachingGiven) flags.push('caching-yes');
  if (tracking.optOut) flags.push('optout');
  if (tracking.optOut && tracking.isCachingGiven) flags.push('caching-no');
  if (tracking.noLoop) flags.push('noloop');
  if (tracking.isRedirectBroken) flags.push('broken_redirect');
  return flags;
}
