/** Gathers what INFO, MEMORY and STATS print from the parts of the server. */
import { readFileSync } from 'node:fs';
import type { DatabaseReport, ServerReport, ShardReport } from '../commands/context.ts';
import type { StatisticField } from '../ring/shard-statistics.ts';
import type { Server } from './server.ts';
import type { ShardLink } from './shard-link.ts';

/** What CONFIG RESETSTAT lets begin at 0 again. */
const COUNTERS = [
  'connectionsReceived',
  'rejectedConnections',
  'evictedClients',
  'commandsProcessed',
  'inputBytes',
  'outputBytes',
  'reads',
  'writes',
  'errorReplies',
  'keyspaceHits',
  'keyspaceMisses',
  'expiredKeys',
  'evictedKeys',
  'deniedLogins',
  'deniedCommands',
  'deniedKeys',
  'deniedChannels',
  'expiryMs',
  'expiryCapsReached',
  'evictionExceededMs',
  'freedLater',
  'eventLoopCycles',
  'eventLoopMs',
  'commandMs',
] as const satisfies readonly (keyof ServerReport)[];

export type Counters = Partial<Record<(typeof COUNTERS)[number], number>>;

/** Where they stand. */
export function countersOf(report: ServerReport): Counters {
  return Object.fromEntries(COUNTERS.map((name) => [name, report[name]]));
}

export function reportOf(server: Server): ServerReport {
  const { acceptor, dispatcher, measuring, rates } = server;
  const { denials } = server.acl.accessLog;
  const links = server.shards.links;
  const sum = (field: StatisticField) => sumOf(links, field);
  const directReads = links.reduce((total, link) => total + link.directReads, 0);
  const directMisses = links.reduce((total, link) => total + link.directMisses, 0);
  const { perSecond, largestBuffers } = rates;
  const buffers = buffersOf(server);
  const eventLoop = eventLoopTotals();
  const { rss, heapUsed } = process.memoryUsage();
  const datasetBytes = sum('entryBytes') + sum('indexBytes');
  const usedBytes = server.memoryLimit.usedBytes;
  server.peakBytes = Math.max(server.peakBytes, usedBytes);
  return {
    version: server.version,
    runId: server.runId,
    startedAtMs: server.startedAtMs,
    port: server.port || server.tlsPort,
    configFile: server.configFile,
    clients: acceptor.connections.size,
    ...waitersOf(server),
    evictedClients: acceptor.memory.evicted,
    ...listenersOf(server),
    largestInputBytes: Math.max(largestBuffers.input, buffers.largestInput),
    largestOutputBytes: Math.max(largestBuffers.output, buffers.largestOutput),
    connectionsReceived: acceptor.connectionsReceived,
    rejectedConnections: acceptor.connectionsRejected,
    commandsProcessed: dispatcher.commandsProcessed,
    opsPerSecond: Math.round(perSecond.commands),
    inputBytes: acceptor.traffic.inputBytes,
    outputBytes: acceptor.traffic.outputBytes,
    inputBytesPerSecond: perSecond.inputBytes,
    outputBytesPerSecond: perSecond.outputBytes,
    reads: acceptor.traffic.reads,
    writes: acceptor.traffic.writes,
    eventLoopCycles: eventLoop.cycles,
    eventLoopMs: eventLoop.eventLoopMs,
    eventLoopCyclesPerSecond: perSecond.cycles,
    eventLoopCycleMs: perSecond.cycles < 1 ? 0 : perSecond.eventLoopMs / perSecond.cycles,
    commandMs: measuring.commandMicroseconds / 1000,
    errorReplies: measuring.errorReplies,
    keyspaceHits: sum('hits') + directReads - directMisses,
    keyspaceMisses: sum('misses') + directMisses,
    expiredKeys: sum('expired'),
    ...evictionsOf(links),
    expiredStalePercent: links.length === 0 ? 0 : (sum('expiredStaleRatio') / links.length) * 100,
    ...deniedBy(denials),
    expiryMs: sum('expiryMs'),
    expiryCapsReached: sum('expiryCapsReached'),
    freedLater: sum('freedLater'),
    freedLaterPending: sum('freedLaterPending'),
    usedBytes,
    datasetBytes,
    peakBytes: server.peakBytes,
    memory: {
      startupBytes: server.startupBytes,
      rssBytes: rss,
      heapBytes: heapUsed,
      clientBytes: buffers.total,
      ...arenaOf(links),
    },
    mainThreadCpu: threadCpu(),
    persistence: server.persistence.report(),
    shards: links.map((link) => shardOf(server, link)),
    shardRestarts: server.shardStates.restarts,
    loading: server.shardStates.loading,
    databases: databasesOf(server),
  };
}

/** The limit is one for all shards: whoever has seen it exceeded for longest knows best. */
function evictionsOf(links: readonly ShardLink[]) {
  const most = (of: (link: ShardLink) => number) => links.reduce((max, link) => Math.max(max, of(link)), 0);
  return {
    evictedKeys: sumOf(links, 'evicted'),
    evictionExceededMs: most(
      ({ statistics }) => statistics.get('exceededMs') + statistics.get('exceedingMs'),
    ),
    evictionExceedingMs: most(({ statistics }) => statistics.get('exceedingMs')),
  };
}

function deniedBy({ auth, command, key, channel }: Server['acl']['accessLog']['denials']) {
  return { deniedLogins: auth, deniedCommands: command, deniedKeys: key, deniedChannels: channel };
}

/** How many clients wait, for data or for something that the server does, and for how many keys. */
function waitersOf({
  gate,
  deferred,
  dispatcher,
}: Server): Pick<ServerReport, 'blockedClients' | 'blockingKeys' | 'neededBlockingKeys'> {
  const held = gate.pause.heldCount + gate.exitPause.heldCount + deferred.waitingCount;
  const { blocked } = dispatcher;
  return {
    blockedClients: held + blocked.count,
    blockingKeys: blocked.keyCount,
    neededBlockingKeys: blocked.neededKeyCount,
  };
}

/** What clients wait to be told of. */
function listenersOf({ tracking, pubSub }: Server): Pick<ServerReport, 'tracking' | 'pubSub'> {
  return { tracking: tracking.report(), pubSub: pubSub.report() };
}

function sumOf(links: readonly ShardLink[], field: StatisticField): number {
  return links.reduce((total, link) => total + link.statistics.get(field), 0);
}

function arenaOf(links: readonly ShardLink[]) {
  return {
    entryBytes: sumOf(links, 'entryBytes'),
    indexBytes: sumOf(links, 'indexBytes'),
    arenaBytes: sumOf(links, 'arenaBytes') + sumOf(links, 'poolFreeBytes'),
    defrag: {
      runningPercent: maxOf(links, 'defragPercent'),
      currentMs: maxOf(links, 'defragMs'),
      totalMs: maxOf(links, 'defragTotalMs'),
      moved: sumOf(links, 'defragMoved'),
      left: sumOf(links, 'defragLeft'),
    },
  };
}

function memoryOf(statistics: ShardLink['statistics']): ShardReport['memory'] {
  const collections = statistics.get('collectionBytes');
  return {
    entries: statistics.get('entryBytes') - collections,
    collections,
    index: statistics.get('indexBytes'),
    arena: statistics.get('arenaBytes') - collections,
    arenaFree: statistics.get('freeBytes'),
    poolFree: statistics.get('poolFreeBytes'),
    heapUsed: statistics.get('heapUsedBytes'),
    heapTotal: statistics.get('heapTotalBytes'),
    heapLimit: statistics.get('heapLimitBytes'),
  };
}

function maxOf(links: readonly ShardLink[], field: StatisticField): number {
  return Math.max(0, ...links.map((link) => link.statistics.get(field)));
}

function shardOf(server: Server, link: ShardLink): ShardReport {
  const { index, statistics, queueBytes, directReads, directMisses } = link;
  return {
    index,
    keys: keysOf(server, index),
    bytes: statistics.get('entryBytes') + statistics.get('indexBytes'),
    commands: statistics.get('commands') + directReads,
    queueBytes,
    directReads,
    hits: statistics.get('hits') + directReads - directMisses,
    misses: statistics.get('misses') + directMisses,
    evictedKeys: statistics.get('evicted'),
    expiredKeys: statistics.get('expired'),
    expiryLagMs: statistics.get('expiryLagMs'),
    memory: memoryOf(statistics),
    waitingClients: statistics.get('waitingClients'),
    holds: statistics.get('holds'),
    holdMs: statistics.get('holdMs'),
    parks: statistics.get('parks'),
    parkedMs: statistics.get('parkedMs'),
    isParked: statistics.get('isParked') === 1,
    restarts: server.shardStates.restartsOf(index),
    state: server.shardStates.stateOf(index),
  };
}

/** Turns of this thread's event loop, and the time that it was not asleep. */
export function eventLoopTotals(): { cycles: number; eventLoopMs: number } {
  return {
    cycles: performance.nodeTiming.uvMetricsInfo.loopCount,
    eventLoopMs: performance.eventLoopUtilization().active,
  };
}

/** Linux tells the time of threads in hundredths of a second. */
const TICKS_PER_SECOND = 100;
/** The fields of /proc/…/stat behind the name in parentheses that hold the time in user and in system mode. */
const USER_TICKS = 11;
const SYSTEM_TICKS = 12;

/** The time that this thread has had, in seconds. */
function threadCpu(): { user: number; system: number } | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const stat = readFileSync('/proc/thread-self/stat', 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      user: Number(fields[USER_TICKS]) / TICKS_PER_SECOND,
      system: Number(fields[SYSTEM_TICKS]) / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}

/** What clients' buffers take, and the largest of each kind. */
export function buffersOf(server: Server): { total: number; largestInput: number; largestOutput: number } {
  let total = 0;
  let largestInput = 0;
  let largestOutput = 0;
  for (const { unparsed, reply, outputBytes } of server.acceptor.connections.values()) {
    total += unparsed.length + reply.limit + outputBytes;
    if (unparsed.length > largestInput) largestInput = unparsed.length;
    if (outputBytes > largestOutput) largestOutput = outputBytes;
  }
  return { total, largestInput, largestOutput };
}

function keysOf(server: Server, shard: number): number {
  let keys = 0;
  const { statistics } = server.shards.links[shard]!;
  for (let db = 0; db < server.config.get('databases'); db++) keys += statistics.database(db).keys;
  return keys;
}

/** The databases that have keys, over all shards. */
function databasesOf(server: Server): DatabaseReport[] {
  const reports: DatabaseReport[] = [];
  for (let db = 0; db < server.config.get('databases'); db++) {
    let keys = 0;
    let expires = 0;
    let ttlSum = 0;
    for (const link of server.shards.links) {
      const part = link.statistics.database(db);
      keys += part.keys;
      expires += part.expires;
      ttlSum += part.averageTtlMs * part.expires;
    }
    if (keys > 0)
      reports.push({ db, keys, expires, averageTtlMs: expires > 0 ? Math.round(ttlSum / expires) : 0 });
  }
  return reports;
}
