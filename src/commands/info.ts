/** The text of INFO: Redis's sections and field names, wherever a field has a meaning here, and a section `shards`. */
import type { ServerReport } from './context.ts';
import {
  keyspaceSection,
  persistenceSection,
  replicationSection,
  shardsSection,
  statsSection,
} from './info-activity.ts';
import { commandStatsSection, errorStatsSection, latencyStatsSection } from './info-commands.ts';
import { type Field, humanBytes, type InfoSource, percent } from './info-fields.ts';
import { clientsSection, cpuSection, memorySection, serverSection } from './info-process.ts';

interface Section {
  /** What a client asks for, in lower case. */
  readonly name: string;
  readonly title: string;
  readonly fields: (source: InfoSource) => readonly Field[];
  /** Only shown when it is asked for, or all are. */
  readonly isExtra?: boolean;
}

/** In the order in which they are printed, whatever the order of the request. */
const SECTIONS: readonly Section[] = [
  { name: 'server', title: 'Server', fields: serverSection },
  { name: 'clients', title: 'Clients', fields: clientsSection },
  { name: 'memory', title: 'Memory', fields: memorySection },
  { name: 'persistence', title: 'Persistence', fields: persistenceSection },
  { name: 'stats', title: 'Stats', fields: statsSection },
  { name: 'replication', title: 'Replication', fields: replicationSection },
  { name: 'cpu', title: 'CPU', fields: cpuSection },
  { name: 'modules', title: 'Modules', fields: () => [] },
  { name: 'commandstats', title: 'Commandstats', fields: commandStatsSection, isExtra: true },
  { name: 'errorstats', title: 'Errorstats', fields: errorStatsSection },
  { name: 'latencystats', title: 'Latencystats', fields: latencyStatsSection, isExtra: true },
  { name: 'cluster', title: 'Cluster', fields: () => [['cluster_enabled', 0]] },
  { name: 'keyspace', title: 'Keyspace', fields: keyspaceSection },
  { name: 'shards', title: 'Shards', fields: shardsSection },
];

/** They differ in what modules add, and there are none. */
const ALL = ['all', 'everything'];

/** The sections that `wanted` names, the usual ones when it is empty; what does not exist is left out. */
export function infoText(wanted: readonly string[], source: InfoSource): string {
  const names = new Set(wanted.map((name) => name.toLowerCase()));
  const isDefault = names.size === 0 || names.has('default');
  const isAll = ALL.some((name) => names.has(name));
  return SECTIONS.filter(({ name, isExtra }) => isAll || names.has(name) || (isDefault && !isExtra))
    .map(({ title, fields }) => {
      const lines = fields(source).map(([name, value]) => `${name}:${value}\r\n`);
      return `# ${title}\r\n${lines.join('')}`;
    })
    .join('\r\n');
}

/** The few lines of STATS: what one wants to know first. */
export function summaryText(report: ServerReport): string {
  const keys = report.shards.reduce((sum, shard) => sum + shard.keys, 0);
  const { keyspaceHits: hits, keyspaceMisses: misses } = report;
  const lines = [
    ['items', keys],
    ['shards', report.shards.length],
    ['memory', humanBytes(report.usedBytes)],
    ['connections', report.clients],
    ['hit rate', hits + misses === 0 ? 'no reads yet' : percent(hits, hits + misses)],
    ['ops', `${report.commandsProcessed} (${report.opsPerSecond}/s)`],
  ];
  return lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}
