/** LATENCY: what was slow of late, and how long each command takes. */

import type { LatencyHistogram } from '../base/latency-histogram.ts';
import { noLatencySamples } from '../protocol/errors.ts';
import type { ReplyWriter } from '../protocol/reply-writer.ts';
import type { CommandFlag, CommandSpec } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext } from './context.ts';
import { doctorText, graphText } from './latency-report.ts';
import type { Command } from './table.ts';

const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];
const TIPS = ['nondeterministic_output', 'request_policy:all_nodes', 'response_policy:special'];
const EVENT = { name: 'event', type: 'string' } as const;

/** What all subcommands have in common. */
function subcommand(
  declared: Pick<CommandSpec, 'name' | 'summary' | 'arity'> & Partial<CommandSpec>,
  handler: (context: ServerContext) => void,
): CommandSpec {
  return {
    group: 'server',
    since: '2.8.13',
    complexity: 'O(1)',
    flags: FLAGS,
    tips: TIPS,
    placement: { at: 'server', handler, afterReplies: true },
    ...declared,
  };
}

export const latency: CommandSpec = {
  name: 'latency',
  group: 'server',
  since: '2.8.13',
  summary: 'A container for commands about latency',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: [],
  subcommands: [
    subcommand({ name: 'doctor', summary: 'Returns a report on latency for people', arity: 2 }, doctor),
    subcommand(
      { name: 'graph', summary: 'Returns a graph of the samples of an event', arity: 3, arguments: [EVENT] },
      graph,
    ),
    subcommand(
      {
        name: 'histogram',
        since: '7.0.0',
        summary: 'Returns how many calls of the commands, or of all commands, took how long',
        complexity: 'O(N) where N is the number of commands with latency information being retrieved.',
        arity: -2,
        arguments: [{ name: 'COMMAND', type: 'string', optional: true, multiple: true }],
      },
      histogram,
    ),
    subcommand(
      { name: 'history', summary: 'Returns the samples of an event', arity: 3, arguments: [EVENT] },
      history,
    ),
    subcommand({ name: 'latest', summary: 'Returns the newest sample of every event', arity: 2 }, latest),
    subcommand(
      {
        name: 'reset',
        summary: 'Forgets the samples of the events, or of all events',
        arity: -2,
        arguments: [{ ...EVENT, optional: true, multiple: true }],
        tips: ['request_policy:all_nodes', 'response_policy:agg_sum'],
      },
      reset,
    ),
    helpSubcommand({ since: '2.8.13', group: 'server' }),
  ],
};

function doctor({ reply, measurements, config }: ServerContext): void {
  const text = doctorText(measurements.latency.all(), {
    thresholdMs: config.get('latency-monitor-threshold'),
    slowerThanUs: config.get('slowlog-log-slower-than'),
    hz: config.get('hz'),
    nowSeconds: nowSeconds(),
  });
  reply.verbatim('txt', text);
}

function graph({ args, reply, measurements }: ServerContext): void {
  const event = measurements.latency.event(args.text(2));
  if (event === undefined) reply.error(noLatencySamples(args.text(2)));
  else reply.verbatim('txt', graphText(event, nowSeconds()));
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function history({ args, reply, measurements }: ServerContext): void {
  const samples = measurements.latency.event(args.text(2))?.samples ?? [];
  reply.array(samples.length);
  for (const { unixSeconds, ms } of samples) {
    reply.array(2);
    reply.integer(unixSeconds);
    reply.integer(ms);
  }
}

function latest({ reply, measurements }: ServerContext): void {
  const events = measurements.latency.all();
  reply.array(events.length);
  for (const { name, samples, maxMs } of events) {
    const { unixSeconds, ms } = samples.at(-1)!;
    reply.array(4);
    reply.bulkText(name);
    reply.integer(unixSeconds);
    reply.integer(ms);
    reply.integer(maxMs);
  }
}

function reset({ args, reply, measurements: { latency } }: ServerContext): void {
  if (args.count === 2) {
    reply.integer(latency.reset());
    return;
  }
  let count = 0;
  for (const name of args.texts(2)) count += latency.reset(name);
  reply.integer(count);
}

function histogram({ args, reply, commands, measurements }: ServerContext): void {
  let asked: readonly Command[] = commands.all;
  if (args.count > 2) {
    // A container stands for itself and its subcommands.
    asked = args.texts(2).flatMap((name) => {
      const command = commands.byName(name.toLowerCase());
      return command === undefined ? [] : [command, ...command.children];
    });
  }
  const found = asked.flatMap(({ id, fullName }) => {
    const latencies = measurements.command(id)?.latencies;
    return latencies === undefined || latencies.total === 0 ? [] : [{ fullName, latencies }];
  });
  reply.map(found.length);
  for (const { fullName, latencies } of found) {
    reply.bulkText(fullName);
    writeDistribution(reply, latencies);
  }
}

function writeDistribution(reply: ReplyWriter, latencies: LatencyHistogram): void {
  reply.map(2);
  reply.bulkText('calls');
  reply.integer(latencies.total);
  reply.bulkText('histogram_usec');
  const rows = latencies.cumulative();
  reply.map(rows.length);
  for (const [limitUs, count] of rows) {
    reply.integer(limitUs);
    reply.integer(count);
  }
}
