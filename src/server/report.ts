/** Gathers what INFO and STATS print from the parts of the server. */
import type { DatabaseReport, ServerReport } from '../commands/context.ts';
import type { StatisticField } from '../ring/shard-statistics.ts';
import type { Server } from './server.ts';

export function reportOf(server: Server): ServerReport {
  const { acceptor, dispatcher } = server;
  const links = server.shards.links;
  const sum = (field: StatisticField) => links.reduce((total, link) => total + link.statistics.get(field), 0);
  const directReads = links.reduce((total, link) => total + link.directReads, 0);
  const directMisses = links.reduce((total, link) => total + link.directMisses, 0);
  const datasetBytes = sum('entryBytes') + sum('indexBytes');
  const usedBytes = datasetBytes + process.memoryUsage().heapUsed;
  server.peakBytes = Math.max(server.peakBytes, usedBytes);
  const databases = databasesOf(server);
  return {
    version: server.version,
    runId: server.runId,
    startedAtMs: server.startedAtMs,
    port: server.port || server.tlsPort,
    configFile: server.configFile,
    clients: acceptor.connections.size,
    connectionsReceived: acceptor.connectionsReceived,
    rejectedConnections: acceptor.connectionsRejected,
    commandsProcessed: dispatcher.commandsProcessed,
    opsPerSecond: Math.round(server.opsPerSecond),
    inputBytes: acceptor.traffic.inputBytes,
    outputBytes: acceptor.traffic.outputBytes,
    errorReplies: dispatcher.errorReplies + sum('errors'),
    keyspaceHits: sum('hits') + directReads - directMisses,
    keyspaceMisses: sum('misses') + directMisses,
    expiredKeys: sum('expired'),
    expiredStalePercent: links.length === 0 ? 0 : (sum('expiredStaleRatio') / links.length) * 100,
    usedBytes,
    datasetBytes,
    peakBytes: server.peakBytes,
    shards: links.map((link) => ({
      index: link.index,
      keys: keysOf(server, link.index),
      bytes: link.statistics.get('entryBytes') + link.statistics.get('indexBytes'),
      commands: link.statistics.get('commands') + link.directReads,
      queueBytes: link.queueBytes,
      directReads: link.directReads,
    })),
    databases,
  };
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
