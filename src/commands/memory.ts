/** MEMORY: what keys and the server take of it. */
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../protocol/errors.ts';
import { ABSENT, NO_EXPIRY } from '../store/keyspace.ts';
import { SEGMENT_BYTES, SLOTS } from '../store/segments.ts';
import type { CommandSpec } from './command.ts';
import { helpSubcommand } from './container-help.ts';
import type { ServerContext, ServerReport, ShardContext } from './context.ts';
import { humanBytes, percentage, ratio } from './info-fields.ts';

/** What a key takes in the index, and once more in the index of those that expire. */
const SLOT_BYTES = SEGMENT_BYTES / SLOTS;
/** How long one step of MEMORY PURGE may take on a shard. */
const PURGE_MS_MAX = 50;
/** With less data than that, ratios say nothing. */
const NEARLY_EMPTY_BYTES = 5 * 1024 * 1024;
const MUCH_BYTES = 10 * 1024 * 1024;
const PEAK_RATIO = 1.5;
const FRAGMENTATION_RATIO = 1.4;
const ARENA_RATIO = 1.1;
const CLIENT_BYTES_MAX = 200 * 1024;

const TIPS = ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'];

/** What all subcommands have in common. */
function subcommand(
  declared: Pick<CommandSpec, 'name' | 'summary' | 'placement'> & Partial<CommandSpec>,
): CommandSpec {
  return {
    group: 'server',
    since: '4.0.0',
    complexity: 'O(1)',
    arity: 2,
    flags: [],
    tips: TIPS,
    ...declared,
  };
}

export const memory: CommandSpec = {
  name: 'memory',
  group: 'server',
  since: '4.0.0',
  summary: 'A container for commands about memory',
  complexity: 'Depends on subcommand.',
  arity: -2,
  flags: [],
  subcommands: [
    subcommand({
      name: 'doctor',
      summary: 'Returns a report on memory for people',
      placement: { at: 'server', handler: doctor, afterReplies: true },
    }),
    helpSubcommand({ since: '4.0.0', group: 'server' }),
    subcommand({
      name: 'malloc-stats',
      summary: 'Returns what the memory of the shards is used for',
      complexity: 'Depends on how much memory is allocated, could be slow',
      placement: { at: 'server', handler: mallocStats, afterReplies: true },
    }),
    subcommand({
      name: 'purge',
      summary: 'Moves entries together and gives memory that becomes free back to the system',
      complexity: 'Depends on how much memory is allocated, could be slow',
      tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
      placement: { at: 'every', handler: purge, merge: 'ok' },
    }),
    subcommand({
      name: 'stats',
      summary: 'Returns what memory is used for',
      placement: { at: 'server', handler: stats, afterReplies: true },
    }),
    subcommand({
      name: 'usage',
      summary: 'Returns how many bytes a key and its value take',
      complexity: 'O(N) where N is the number of samples.',
      arity: -3,
      flags: ['readonly'],
      tips: undefined,
      keys: { first: 2, last: 2, step: 1, flags: ['RO'] },
      arguments: [
        { name: 'key', type: 'key' },
        { name: 'count', type: 'integer', token: 'SAMPLES', optional: true },
      ],
      leavesAccessTime: true,
      placement: { at: 'key', handler: usage },
    }),
  ],
};

/** As all of it is counted, the samples only have to be right. */
function usage({ args, reply, keyspace, db, hash }: ShardContext): void {
  for (let i = 3; i < args.count; i += 2) {
    const isSamples = args.is(i, 'samples') && i + 1 < args.count;
    const samples = isSamples ? args.integer(i + 1) : -1;
    if (samples === undefined || samples < 0) {
      reply.error(samples === undefined ? NOT_AN_INTEGER : SYNTAX_ERROR);
      return;
    }
  }
  const ref = keyspace.peek(db, args.bytes, args.starts[2]!, args.ends[2]!, hash);
  if (ref === ABSENT) {
    reply.null();
    return;
  }
  const slots = keyspace.expiry(ref) === NO_EXPIRY ? 1 : 2;
  const inCollection = keyspace.hasObject(ref) ? keyspace.collectionOf(ref).memoryBytes : 0;
  reply.integer(keyspace.entryBytes(ref) + inCollection + slots * SLOT_BYTES);
}

function purge({ keyspace, reply }: ShardContext): void {
  const { compaction } = keyspace;
  // What there is more to do is done between commands.
  compaction.isWanted = true;
  compaction.run(PURGE_MS_MAX, false);
  reply.ok();
}

/** What both INFO and MEMORY STATS derive from the report. */
function derived(report: ServerReport) {
  const { memory, usedBytes, peakBytes, datasetBytes } = report;
  const keys = report.databases.reduce((sum, database) => sum + database.keys, 0);
  const netBytes = Math.max(0, usedBytes - memory.startupBytes);
  return {
    keys,
    peakBytes: Math.max(peakBytes, usedBytes),
    bytesPerKey: keys === 0 ? 0 : Math.floor(netBytes / keys),
    datasetPercentage: percentage(datasetBytes, Math.max(datasetBytes, netBytes)),
    allocated: memory.entryBytes + memory.indexBytes,
    active: memory.arenaBytes + memory.indexBytes,
  };
}

function stats(context: ServerContext): void {
  const { reply } = context;
  const report = context.report();
  const { usedBytes, datasetBytes, memory, databases } = report;
  const { keys, peakBytes, bytesPerKey, datasetPercentage, allocated, active } = derived(report);
  const integer = (name: string, value: number) => {
    reply.bulkText(name);
    reply.integer(value);
  };
  const double = (name: string, value: number) => {
    reply.bulkText(name);
    reply.double(value);
  };
  reply.map(27 + databases.length);
  integer('peak.allocated', peakBytes);
  integer('total.allocated', usedBytes);
  integer('startup.allocated', memory.startupBytes);
  integer('replication.backlog', 0);
  integer('clients.slaves', 0);
  integer('clients.normal', memory.clientBytes);
  integer('cluster.links', 0);
  integer('aof.buffer', 0);
  integer('lua.caches', 0);
  integer('functions.caches', 0);
  for (const { db, keys: keysOfDb, expires } of databases) {
    reply.bulkText(`db.${db}`);
    reply.map(3);
    integer('overhead.hashtable.main', keysOfDb * SLOT_BYTES);
    integer('overhead.hashtable.expires', expires * SLOT_BYTES);
    integer('overhead.hashtable.slot-to-keys', 0);
  }
  integer('overhead.total', usedBytes - datasetBytes);
  integer('keys.count', keys);
  integer('keys.bytes-per-key', bytesPerKey);
  integer('dataset.bytes', datasetBytes);
  double('dataset.percentage', datasetPercentage);
  double('peak.percentage', percentage(usedBytes, peakBytes));
  integer('allocator.allocated', allocated);
  integer('allocator.active', active);
  integer('allocator.resident', active);
  double('allocator-fragmentation.ratio', ratio(active, allocated));
  integer('allocator-fragmentation.bytes', active - allocated);
  double('allocator-rss.ratio', 1);
  integer('allocator-rss.bytes', 0);
  double('rss-overhead.ratio', ratio(memory.rssBytes, active));
  integer('rss-overhead.bytes', memory.rssBytes - active);
  double('fragmentation', ratio(memory.rssBytes, usedBytes));
  integer('fragmentation.bytes', memory.rssBytes - usedBytes);
}

function mallocStats(context: ServerContext): void {
  const { memory, shards, usedBytes } = context.report();
  const lines: [string, number][] = [
    ['entries', memory.entryBytes],
    ['extents of entries', memory.arenaBytes],
    ['indexes', memory.indexBytes],
    ["acceptor's heap", memory.heapBytes],
    ['used', usedBytes],
    ['resident', memory.rssBytes],
    ...shards.flatMap(({ index, bytes, memory: of }): [string, number][] => [
      [`shard ${index}`, bytes],
      [`  entries`, of.entries],
      [`  collections`, of.collections],
      [`  index`, of.index],
      [`  free in extents`, of.arenaFree],
      [`  free in pools`, of.poolFree],
      [`  heap in use`, of.heapUsed],
      [`  heap limit`, of.heapLimit],
    ]),
  ];
  const text = lines.map(([name, bytes]) => `${name.padEnd(20)} ${bytes} (${humanBytes(bytes)})\n`).join('');
  context.reply.verbatim('txt', `shardis-arena\n${text}`);
}

function doctor(context: ServerContext): void {
  context.reply.verbatim('txt', doctorText(context.report()));
}

/** What is conspicuous about memory, one paragraph each. */
export function doctorText(report: ServerReport): string {
  const { usedBytes, datasetBytes, memory, clients } = report;
  const { allocated, active, peakBytes } = derived(report);
  if (datasetBytes < NEARLY_EMPTY_BYTES) {
    return 'There is hardly any data yet, so there is nothing to find. Ask again when there is more.\n';
  }
  const found: string[] = [];
  if (peakBytes / usedBytes > PEAK_RATIO) {
    found.push(
      'Peak memory: the server once used more than one and a half times of what it uses now. The process may ' +
        'still have that memory; new keys will use it first. MEMORY PURGE gives some of it back.',
    );
  }
  if (ratio(memory.rssBytes, usedBytes) > FRAGMENTATION_RATIO && memory.rssBytes - usedBytes > MUCH_BYTES) {
    found.push(
      'High total RSS: the process has more than 1.4 times of the memory that is used. Part of it are the heaps ' +
        'of the shards; the rest comes from a peak, or from values that were deleted.',
    );
  }
  if (ratio(active, allocated) > ARENA_RATIO && active - allocated > MUCH_BYTES) {
    found.push(
      'Fragmentation: more than a tenth of the memory that was taken for entries is free in pieces between them. ' +
        'New entries use it; MEMORY PURGE moves entries together.',
    );
  }
  if (memory.clientBytes / Math.max(1, clients) > CLIENT_BYTES_MAX) {
    found.push(
      'Large client buffers: clients have more than 200 KB each in requests and replies that wait. CLIENT LIST ' +
        'shows which ones, and client-output-buffer-limit bounds them.',
    );
  }
  if (found.length === 0) return 'Nothing is conspicuous about the memory of this server.\n';
  return `Conspicuous about the memory of this server:\n\n${found.map((text) => ` * ${text}\n\n`).join('')}`;
}
