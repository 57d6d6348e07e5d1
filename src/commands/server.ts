/** Commands about the server as a whole: all run in the acceptor, but for parts of DEBUG. */
import { isSecret } from '../config/options.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { NO_SHUTDOWN_IN_PROGRESS, SHUTDOWN_FAILED, SYNTAX_ERROR } from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import { type CommandFlag, type CommandSpec, defineCommands } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext } from './context.ts';
import { debug } from './debug/debug.ts';
import { token } from './declarations.ts';
import { infoText, summaryText } from './info.ts';
import { latency } from './latency.ts';
import { lolwut } from './lolwut.ts';
import { memory } from './memory.ts';
import { slowlog } from './slowlog.ts';

const CONFIG_FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];
/** How far the monotonic clock may be from the wall clock before the latter is believed. */
const CLOCK_DRIFT_MS_MAX = 2;

const config: CommandSpec = {
  name: 'config',
  group: 'server',
  since: '2.0.0',
  summary: 'A container for commands about the configuration',
  complexity: 'Depends on subcommand',
  arity: -2,
  flags: [],
  subcommands: [
    {
      name: 'get',
      group: 'server',
      since: '2.0.0',
      summary: 'Returns the options whose names match a pattern, and their values',
      complexity: 'O(N) where N is the number of patterns',
      arity: -3,
      flags: CONFIG_FLAGS,
      arguments: [{ name: 'parameter', type: 'string', multiple: true }],
      history: [['7.0.0', 'Added the ability to pass multiple pattern parameters in one call']],
      placement: { at: 'server', handler: configGet },
    },
    {
      name: 'set',
      group: 'server',
      since: '2.0.0',
      summary: 'Changes options, all of them or, when one value is wrong, none',
      complexity: 'O(N) where N is the number of options',
      arity: -4,
      flags: CONFIG_FLAGS,
      arguments: [
        {
          name: 'data',
          type: 'block',
          multiple: true,
          arguments: [
            { name: 'parameter', type: 'string' },
            { name: 'value', type: 'string' },
          ],
        },
      ],
      history: [['7.0.0', 'Added the ability to set multiple parameters in one call.']],
      secretWords: secretsOfConfigSet,
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      placement: { at: 'server', handler: configSet, afterReplies: true },
    },
    {
      name: 'resetstat',
      group: 'server',
      since: '2.0.0',
      summary: 'Sets the counters that INFO shows to zero',
      complexity: 'O(1)',
      arity: 2,
      flags: CONFIG_FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      placement: { at: 'server', handler: resetStatistics, afterReplies: true },
    },
    {
      name: 'rewrite',
      group: 'server',
      since: '2.8.0',
      summary: 'Writes the present values of the options into the configuration file',
      complexity: 'O(1)',
      arity: 2,
      flags: CONFIG_FLAGS,
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      placement: { at: 'server', handler: configRewrite, afterReplies: true },
    },
    helpSubcommand({ since: '5.0.0', group: 'server' }),
  ],
};

export const server = defineCommands([
  config,
  debug,
  latency,
  lolwut,
  memory,
  slowlog,
  {
    name: 'info',
    group: 'server',
    since: '1.0.0',
    summary: 'Returns information and statistics about the server',
    complexity: 'O(1)',
    arity: -1,
    flags: ['loading', 'stale'],
    categories: ['dangerous'],
    arguments: [{ name: 'section', type: 'string', optional: true, multiple: true }],
    history: [['7.0.0', 'Added support for taking multiple section arguments.']],
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    placement: { at: 'server', handler: info, afterReplies: true },
  },
  {
    name: 'shutdown',
    group: 'server',
    since: '1.0.0',
    summary: 'Ends the server',
    complexity: 'O(N) when saving, where N is the number of keys, otherwise O(1)',
    arity: -1,
    flags: ['admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy'],
    arguments: [
      {
        name: 'save-selector',
        type: 'oneof',
        optional: true,
        arguments: [token('NOSAVE'), token('SAVE')],
      },
      { ...token('NOW', '7.0.0'), optional: true },
      { ...token('FORCE', '7.0.0'), optional: true },
      { ...token('ABORT', '7.0.0'), optional: true },
    ],
    history: [['7.0.0', 'Added the `NOW`, `FORCE` and `ABORT` modifiers.']],
    placement: { at: 'server', handler: shutdown, afterReplies: true },
  },
  {
    name: 'stats',
    group: 'server',
    since: 'shardis',
    summary: 'Returns a summary of the server in a few lines for people',
    complexity: 'O(1)',
    arity: 1,
    flags: ['loading', 'stale'],
    categories: ['dangerous'],
    tips: ['nondeterministic_output'],
    placement: { at: 'server', handler: stats, afterReplies: true },
  },
  {
    name: 'time',
    group: 'server',
    since: '2.6.0',
    summary: "Returns the server's time",
    complexity: 'O(1)',
    arity: 1,
    flags: ['loading', 'stale', 'fast'],
    tips: ['nondeterministic_output'],
    placement: { at: 'server', handler: time },
  },
]);

function info(context: ServerContext): void {
  const { args, config, commands, measurements } = context;
  const text = infoText(args.texts(1), { report: context.report(), config, commands, measurements });
  context.reply.verbatim('txt', text);
}

function stats(context: ServerContext): void {
  context.reply.verbatim('txt', summaryText(context.report()));
}

/** Options and their values are text, and so read as UTF-8. */
function wordsFrom(args: Arguments, first: number): string[] {
  const words: string[] = [];
  for (let i = first; i < args.count; i++) words.push(args.utf8(i));
  return words;
}

function configGet({ args, reply, config }: ServerContext): void {
  const found = config.matching(wordsFrom(args, 2));
  reply.map(found.length);
  for (const [name, value] of found) {
    reply.bulkText(name);
    reply.bulkUtf8(value);
  }
}

/** The values of passwords. */
function secretsOfConfigSet(args: Arguments): number[] {
  const secrets: number[] = [];
  for (let i = 2; i + 1 < args.count; i += 2) if (isSecret(args.utf8(i))) secrets.push(i + 1);
  return secrets;
}

function configSet(context: ServerContext): void {
  const { args, reply, config, client } = context;
  const words = wordsFrom(args, 2);
  if (words.length % 2 !== 0) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const pairs: [string, string][] = [];
  for (let i = 0; i < words.length; i += 2) pairs.push([words[i]!, words[i + 1]!]);
  const allowed = config.get('enable-protected-configs');
  const outcome = config.apply(pairs, allowed === 'yes' || (allowed === 'local' && client.isLocal));
  const answer = (to: ReplyWriter, problem: string | undefined) => {
    if (problem === undefined) to.ok();
    else to.error(problem);
  };
  if (!(outcome instanceof Promise)) {
    answer(reply, outcome);
    return;
  }
  const answerLater = context.defer();
  void outcome.then((problem) => answerLater((to) => answer(to, problem)));
}

function configRewrite(context: ServerContext): void {
  const problem = context.rewriteConfig(false);
  if (problem === undefined) context.reply.ok();
  else context.reply.error(problem);
}

function resetStatistics(context: ServerContext): void {
  context.resetStatistics();
  context.reply.ok();
}

/** Microseconds since 1970. */
function timeUs(): number {
  const wallMs = Date.now();
  const preciseMs = performance.timeOrigin + performance.now();
  // The wall clock has milliseconds only, the other one does not hear when somebody sets the clock.
  const isInStep = Math.abs(preciseMs - wallMs) <= CLOCK_DRIFT_MS_MAX;
  return Math.floor((isInStep ? preciseMs : wallMs) * 1000);
}

function time({ reply }: ServerContext): void {
  const us = timeUs();
  reply.array(2);
  reply.bulkInteger(Math.floor(us / 1e6));
  reply.bulkInteger(us % 1e6);
}

/** Answers nothing when it succeeds: the client sees the connection close, as with Redis. */
function shutdown(context: ServerContext): void {
  const { args, reply } = context;
  const given = new Set<string>();
  for (let i = 1; i < args.count; i++) {
    const option = ['nosave', 'save', 'now', 'force', 'abort'].find((name) => args.is(i, name));
    if (option === undefined) {
      reply.error(SYNTAX_ERROR);
      return;
    }
    given.add(option);
  }
  if ((given.has('abort') && given.size > 1) || (given.has('save') && given.has('nosave'))) {
    reply.error(SYNTAX_ERROR);
  } else if (given.has('abort')) {
    if (context.abortShutdown()) reply.ok();
    else reply.error(NO_SHUTDOWN_IN_PROGRESS);
  } else {
    const dump = given.has('save') ? 'save' : given.has('nosave') ? 'nosave' : undefined;
    const answer = context.defer();
    const ending = context.shutdown({ ...(dump && { dump }), isForced: given.has('force') });
    void ending.then((isEnding) => {
      if (!isEnding) answer((to) => to.error(SHUTDOWN_FAILED));
    });
  }
}
