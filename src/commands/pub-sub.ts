/** Publish and subscribe: all of it runs in the acceptor, over the interface PubSubService. */
import { fromLatin1 } from '../base/bytes.ts';
import { globMatches } from '../base/glob.ts';
import { SSUBSCRIBE_IN_TRANSACTION, unknownSubcommandOrArity } from '../protocol/errors.ts';
import { type ArgumentSpec, type CommandFlag, type CommandSpec, defineCommands } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext } from './context.ts';
import { allKeys, oneKey } from './declarations.ts';
import type { SubscriptionKind } from './pub-sub-service.ts';

const LISTENING_FLAGS: readonly CommandFlag[] = ['pubsub', 'noscript', 'loading', 'stale'];
const PUBLISHING_FLAGS: readonly CommandFlag[] = ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'];

const CHANNEL: ArgumentSpec = { name: 'channel', type: 'string' };
const PATTERN: ArgumentSpec = { name: 'pattern', type: 'pattern' };
const SHARD_CHANNEL: ArgumentSpec = { name: 'shardchannel', type: 'string' };

/** How each kind of subscription is called in confirmations. */
const WORDS: Readonly<Record<SubscriptionKind, readonly [subscribe: string, unsubscribe: string]>> = {
  channels: ['subscribe', 'unsubscribe'],
  patterns: ['psubscribe', 'punsubscribe'],
  shardChannels: ['ssubscribe', 'sunsubscribe'],
};

interface Listening {
  readonly name: string;
  readonly since: string;
  readonly summary: string;
  readonly complexity: string;
  readonly kind: SubscriptionKind;
  readonly argument: ArgumentSpec;
}

/** What the commands that begin to listen have in common. */
function subscribing({ kind, argument, ...declared }: Listening): CommandSpec {
  return {
    ...declared,
    ...ofKind(kind),
    arity: -2,
    channels: { first: 1, last: -1, arePatterns: kind === 'patterns' },
    arguments: [{ ...argument, multiple: true }],
    // A message must not come before the confirmation, which waits for earlier replies.
    placement: { at: 'server', handler: (context) => subscribe(context, kind), afterReplies: true },
  };
}

/** What the commands that stop listening have in common. */
function unsubscribing({ kind, argument, ...declared }: Listening): CommandSpec {
  return {
    ...declared,
    ...ofKind(kind),
    arity: -1,
    arguments: [{ ...argument, optional: true, multiple: true }],
    placement: { at: 'server', handler: (context) => unsubscribe(context, kind) },
  };
}

function ofKind(kind: SubscriptionKind) {
  return {
    group: 'pubsub',
    flags: LISTENING_FLAGS,
    ...(kind === 'shardChannels' && { keys: allKeys('not_key') }),
    allowedToSubscribers: true,
    repliesByPush: true,
  } as const;
}

const pubSubContainer: CommandSpec = {
  name: 'pubsub',
  group: 'pubsub',
  since: '2.8.0',
  summary: 'A container for commands about channels and who listens to them',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: [],
  subcommands: [
    about({
      name: 'channels',
      summary: 'Returns the channels that somebody listens to',
      complexity: 'O(N) where N is the number of channels in use, with short names and patterns',
      arity: -2,
      arguments: [{ ...PATTERN, optional: true }],
      handler: (context) => listNames(context, 'channels'),
    }),
    helpSubcommand({ since: '6.2.0', group: 'pubsub' }),
    about({
      name: 'numpat',
      summary: 'Returns the number of patterns that somebody listens to',
      complexity: 'O(1)',
      arity: 2,
      handler: ({ pubSub, reply }) => reply.integer(pubSub.count('patterns')),
    }),
    about({
      name: 'numsub',
      summary: 'Returns how many clients listen to each of the given channels, not counting patterns',
      complexity: 'O(N) where N is the number of channels asked for',
      arity: -2,
      arguments: [{ ...CHANNEL, optional: true, multiple: true }],
      handler: (context) => countListeners(context, 'channels'),
    }),
    about({
      name: 'shardchannels',
      since: '7.0.0',
      summary: 'Returns the shard channels that somebody listens to',
      complexity: 'O(N) where N is the number of shard channels in use, with short names',
      arity: -2,
      arguments: [{ ...PATTERN, optional: true }],
      handler: (context) => listNames(context, 'shardChannels'),
    }),
    about({
      name: 'shardnumsub',
      since: '7.0.0',
      summary: 'Returns how many clients listen to each of the given shard channels',
      complexity: 'O(N) where N is the number of shard channels asked for',
      arity: -2,
      arguments: [{ ...SHARD_CHANNEL, optional: true, multiple: true }],
      handler: (context) => countListeners(context, 'shardChannels'),
    }),
  ],
};

interface About extends Pick<CommandSpec, 'name' | 'summary' | 'complexity' | 'arity' | 'arguments'> {
  readonly since?: string;
  readonly handler: (context: ServerContext) => void;
}

/** A subcommand of PUBSUB. */
function about({ handler, since = '2.8.0', ...declared }: About): CommandSpec {
  return {
    ...declared,
    since,
    group: 'pubsub',
    flags: ['pubsub', 'loading', 'stale'],
    placement: { at: 'server', handler },
  };
}

export const pubSub = defineCommands([
  subscribing({
    name: 'subscribe',
    since: '2.0.0',
    summary: 'Listens to channels',
    complexity: 'O(N) where N is the number of channels',
    kind: 'channels',
    argument: CHANNEL,
  }),
  unsubscribing({
    name: 'unsubscribe',
    since: '2.0.0',
    summary: 'Stops listening to channels, without names to all of them',
    complexity: 'O(N) where N is the number of channels',
    kind: 'channels',
    argument: CHANNEL,
  }),
  subscribing({
    name: 'psubscribe',
    since: '2.0.0',
    summary: 'Listens to all channels whose names match patterns',
    complexity: 'O(N) where N is the number of patterns',
    kind: 'patterns',
    argument: PATTERN,
  }),
  unsubscribing({
    name: 'punsubscribe',
    since: '2.0.0',
    summary: 'Stops listening to patterns of channels, without names to all of them',
    complexity: 'O(N) where N is the number of patterns',
    kind: 'patterns',
    argument: PATTERN,
  }),
  subscribing({
    name: 'ssubscribe',
    since: '7.0.0',
    summary: 'Listens to shard channels',
    complexity: 'O(N) where N is the number of shard channels',
    kind: 'shardChannels',
    argument: SHARD_CHANNEL,
  }),
  unsubscribing({
    name: 'sunsubscribe',
    since: '7.0.0',
    summary: 'Stops listening to shard channels, without names to all of them',
    complexity: 'O(N) where N is the number of shard channels',
    kind: 'shardChannels',
    argument: SHARD_CHANNEL,
  }),
  {
    name: 'publish',
    group: 'pubsub',
    since: '2.0.0',
    summary: 'Sends a message to all who listen to a channel',
    complexity: 'O(N+M) where N is the number of listeners and M the number of patterns anybody listens to',
    arity: 3,
    flags: PUBLISHING_FLAGS,
    channels: { first: 1, last: 1 },
    arguments: [CHANNEL, { name: 'message', type: 'string' }],
    placement: {
      at: 'server',
      handler: (context) => context.reply.integer(context.pubSub.publish(word(context, 1), word(context, 2))),
    },
  },
  {
    name: 'spublish',
    group: 'pubsub',
    since: '7.0.0',
    summary: 'Sends a message to all who listen to a shard channel',
    complexity: 'O(N) where N is the number of listeners',
    arity: 3,
    flags: PUBLISHING_FLAGS,
    keys: oneKey('not_key'),
    channels: { first: 1, last: 1 },
    arguments: [SHARD_CHANNEL, { name: 'message', type: 'string' }],
    placement: {
      at: 'server',
      handler: (context) =>
        context.reply.integer(context.pubSub.publishToShard(word(context, 1), word(context, 2))),
    },
  },
  pubSubContainer,
]);

/** The word where it stands: gone with the command. */
function word({ args }: ServerContext, index: number): Uint8Array {
  return args.bytes.subarray(args.starts[index]!, args.ends[index]!);
}

function subscribe(context: ServerContext, kind: SubscriptionKind): void {
  const { args, client, pubSub } = context;
  // As in Redis, where only shard channels are newer than the rule.
  if (kind === 'shardChannels' && context.isInTransaction) {
    context.reply.error(SSUBSCRIBE_IN_TRANSACTION);
    return;
  }
  for (let i = 1; i < args.count; i++) {
    const name = args.text(i);
    pubSub.subscribe(client, kind, name);
    confirm(context, kind, WORDS[kind][0], name);
  }
}

function unsubscribe(context: ServerContext, kind: SubscriptionKind): void {
  const { args, client, pubSub } = context;
  const names = args.count > 1 ? args.texts(1) : [...(client.subscriptions?.[kind] ?? [])];
  for (const name of names) {
    pubSub.unsubscribe(client, kind, name);
    confirm(context, kind, WORDS[kind][1], name);
  }
  if (names.length === 0) confirm(context, kind, WORDS[kind][1], undefined);
}

/** Tells what was done, and how much the client listens to now: to channels and patterns together, to shard channels apart. */
function confirm(
  { reply, client }: ServerContext,
  kind: SubscriptionKind,
  done: string,
  name: string | undefined,
): void {
  const own = client.subscriptions;
  const shardChannels = own?.shardChannels.size ?? 0;
  const others = (own?.channels.size ?? 0) + (own?.patterns.size ?? 0);
  reply.push(3);
  reply.bulkText(done);
  if (name === undefined) reply.null();
  else reply.bulkText(name);
  reply.integer(kind === 'shardChannels' ? shardChannels : others);
}

function listNames(context: ServerContext, kind: SubscriptionKind): void {
  const { args, reply, pubSub } = context;
  if (args.count > 3) {
    reply.error(unknownSubcommandOrArity(args.text(1), 'pubsub'));
    return;
  }
  const pattern = args.count === 3 ? args.copy(2) : undefined;
  const names = [...pubSub.names(kind)].filter(
    (name) => pattern === undefined || globMatches(pattern, fromLatin1(name)),
  );
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

function countListeners({ args, reply, pubSub }: ServerContext, kind: SubscriptionKind): void {
  reply.array((args.count - 2) * 2);
  for (let i = 2; i < args.count; i++) {
    reply.bulk(args.bytes, args.starts[i], args.ends[i]);
    reply.integer(pubSub.listeners(kind, args.text(i)));
  }
}
