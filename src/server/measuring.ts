/**
 * What the server measures: it joins the command statistics and error counts of all threads, and feeds the slow log and the
 * latency monitor. CONFIG RESETSTAT does not touch what other threads count: it notes where the counts stand, and from
 * then on that is subtracted.
 */
import { LATENCY_BUCKETS, LatencyHistogram } from '../base/latency-histogram.ts';
import type { CommandReport, Measurements } from '../commands/measurements.ts';
import type { Command, CommandTable } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import type { Arguments } from '../protocol/arguments.ts';
import { ErrorTally } from '../protocol/error-tally.ts';
import { type CommandFigures, CommandStatistics } from '../ring/command-statistics.ts';
import { CommandTimer, slowLimitNs } from '../ring/command-timer.ts';
import type { Note, NotedWord } from '../ring/notes.ts';
import type { Connection } from './connection.ts';
import { LatencyMonitor } from './latency-monitor.ts';
import type { ShardLink } from './shard-link.ts';
import { keptWords, SlowLog, shownWords } from './slow-log.ts';

/** What shards do between or before commands, as the latency monitor calls it: how often it was slow, and what the last took. */
const SLOW_WORK = [
  { event: 'expire-cycle', count: 'slowExpiries', ms: 'slowExpiryMs' },
  { event: 'eviction-cycle', count: 'slowEvictions', ms: 'slowEvictionMs' },
  { event: 'eviction-del', count: 'slowEvictionDels', ms: 'slowEvictionDelMs' },
] as const;
/** The first byte of an error reply. */
const MINUS = 45;

export class Measuring implements Measurements {
  /** What the acceptor itself counts. */
  readonly statistics: CommandStatistics;
  readonly timer: CommandTimer;
  readonly tally = new ErrorTally();
  readonly slowLog: SlowLog;
  readonly latency = new LatencyMonitor();
  readonly #config: Config;
  readonly #commands: CommandTable;
  readonly #links: readonly ShardLink[];
  #slowerThanUs = -1;
  #baseline = new Map<number, CommandFigures>();
  #errorBaseline = new Map<string, number>();
  /** By link and kind of slow work: how much of it the monitor has heard of. */
  readonly #slowWork: number[][];

  constructor(config: Config, commands: CommandTable, links: readonly ShardLink[]) {
    this.#config = config;
    this.#commands = commands;
    this.#links = links;
    this.#slowWork = links.map(() => SLOW_WORK.map(() => 0));
    const { all } = commands;
    this.statistics = new CommandStatistics(CommandStatistics.memory(all.length));
    this.timer = new CommandTimer(
      this.statistics,
      Float64Array.from(all, ({ constantWords }) => constantWords),
      // Its words are gone by now; that it was slow is worth knowing all the same.
      (id, ns) => this.#noteLatency(all[id]!, ns),
    );
    this.slowLog = new SlowLog(config.get('slowlog-max-len'));
    this.#followConfig();
  }

  #followConfig(): void {
    const config = this.#config;
    const apply = () => {
      this.#slowerThanUs = config.get('slowlog-log-slower-than');
      this.latency.thresholdMs = config.get('latency-monitor-threshold');
      this.timer.slowNs = slowLimitNs(this.#slowerThanUs, this.latency.thresholdMs);
      this.slowLog.lengthMax = config.get('slowlog-max-len');
      this.statistics.tracksLatency = config.get('latency-tracking');
    };
    apply();
    config.onChange(
      ['slowlog-log-slower-than', 'latency-monitor-threshold', 'slowlog-max-len', 'latency-tracking'],
      apply,
    );
  }

  // What was slow

  /** A command that ran here, or whose parts all have run, was slow. `words` are those of `keptWords`. */
  slow(
    command: Command,
    ns: number,
    connection: Connection,
    words: () => readonly NotedWord[],
    count: number,
  ): void {
    this.#noteLatency(command, ns);
    const microseconds = Math.floor(ns / 1000);
    if (this.#slowerThanUs < 0 || microseconds < this.#slowerThanUs) return;
    if (command.flags.includes('skip_slowlog')) return;
    const { address, name } = connection;
    this.slowLog.add({ microseconds, words: shownWords(words(), count), address, name });
  }

  /** A command that ran here was slow. */
  slowHere(command: Command, ns: number, connection: Connection, args: Arguments): void {
    this.slow(command, ns, connection, () => keptWords(args, command.secretWords?.(args)), args.count);
  }

  /** A shard says that a command of `connection` was slow. */
  noted(note: Note, connection: Connection): void {
    const command = this.#commands.all[note.id]!;
    const name = (command.container ?? command).name;
    const shown = Buffer.from(note.isUpperCase ? name.toUpperCase() : name, 'latin1');
    const words = [{ bytes: shown, length: shown.length }, ...note.words];
    this.slow(command, note.ns, connection, () => words, note.count);
  }

  /** Counts a command that was cut over several shards, when all parts are done. */
  countSplit(command: Command, ns: number, reply: Uint8Array): void {
    if (reply[0] !== MINUS) {
      this.statistics.called(command.id, ns);
      return;
    }
    const text = Buffer.from(reply).toString('latin1', 1, Math.max(1, reply.length - 2));
    this.tally.count(text);
    if (text.startsWith('OOM ')) {
      this.statistics.rejected(command.id);
      return;
    }
    this.statistics.called(command.id, ns);
    this.statistics.failed(command.id);
  }

  /** Whether so many nanoseconds are slow. */
  isSlow(ns: number): boolean {
    return ns >= slowLimitNs(this.#slowerThanUs, this.latency.thresholdMs);
  }

  #noteLatency(command: Command, ns: number): void {
    const event = command.flags.includes('fast') ? 'fast-command' : 'command';
    this.latency.add(event, Math.floor(ns / 1e6));
  }

  /** To be called now and then: looks at what shards do between commands. */
  watchShards(): void {
    this.#links.forEach(({ statistics }, i) => {
      const heard = this.#slowWork[i]!;
      SLOW_WORK.forEach(({ event, count, ms }, kind) => {
        const times = statistics.get(count);
        if (times === heard[kind]) return;
        heard[kind] = times;
        this.latency.add(event, Math.floor(statistics.get(ms)));
      });
    });
  }

  // What is counted

  command(id: number): CommandReport | undefined {
    const ids = this.#countedAs(id).filter((each) => this.#has(each));
    if (ids.length === 0) return undefined;
    const sum = nothing();
    for (const each of ids) {
      this.#addTo(sum, each);
      const before = this.#baseline.get(each);
      if (before !== undefined) subtract(sum, before);
    }
    const { calls, rejected, failed } = sum;
    if (calls === 0 && rejected === 0 && failed === 0) return undefined;
    return { ...sum, latencies: new LatencyHistogram(sum.latencies) };
  }

  /** The numbers under which the command's calls are counted: some containers stand for all their subcommands. */
  #countedAs(id: number): number[] {
    const command = this.#commands.all[id]!;
    if (command.container?.readsOwnWords) return [];
    return command.readsOwnWords ? [id, ...command.children.map((child) => child.id)] : [id];
  }

  /** Microseconds that commands have taken on all threads, since the start. */
  get commandMicroseconds(): number {
    let sum = 0;
    for (const { id } of this.#commands.all) {
      sum += this.statistics.microseconds(id);
      for (const link of this.#links) sum += link.commandStatistics.microseconds(id);
    }
    return sum;
  }

  #has(id: number): boolean {
    return this.statistics.has(id) || this.#links.some((link) => link.commandStatistics.has(id));
  }

  #addTo(sum: CommandFigures, id: number): void {
    this.statistics.addTo(sum, id);
    for (const link of this.#links) link.commandStatistics.addTo(sum, id);
  }

  errors(): readonly (readonly [code: string, count: number])[] {
    const counts = this.#errorCounts();
    const errors: [string, number][] = [];
    for (const [code, count] of counts) {
      const since = count - (this.#errorBaseline.get(code) ?? 0);
      if (since > 0) errors.push([code, since]);
    }
    return errors.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #errorCounts(): ReadonlyMap<string, number> {
    const all = new ErrorTally();
    for (const [code, count] of this.tally.counts) all.add(code, count);
    for (const link of this.#links)
      for (const [code, count] of link.errorStatistics.read()) all.add(code, count);
    return all.counts;
  }

  /** Error replies of all threads since the start. */
  get errorReplies(): number {
    return this.#links.reduce((sum, { statistics }) => sum + statistics.get('errors'), this.tally.total);
  }

  /** Everything that is counted begins anew; the slow log and the latency events stay, as in Redis. */
  reset(): void {
    this.timer.flush();
    this.#baseline = new Map();
    for (const { id } of this.#commands.all) {
      if (!this.#has(id)) continue;
      const sum = nothing();
      this.#addTo(sum, id);
      this.#baseline.set(id, sum);
    }
    this.#errorBaseline = new Map(this.#errorCounts());
  }
}

function nothing(): CommandFigures {
  return { calls: 0, microseconds: 0, rejected: 0, failed: 0, latencies: new Float64Array(LATENCY_BUCKETS) };
}

function subtract(sum: CommandFigures, before: CommandFigures): void {
  sum.calls -= before.calls;
  sum.microseconds -= before.microseconds;
  sum.rejected -= before.rejected;
  sum.failed -= before.failed;
  for (let i = 0; i < LATENCY_BUCKETS; i++) sum.latencies[i]! -= before.latencies[i]!;
}
