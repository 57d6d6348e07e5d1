/**
 * `memory`: resident bytes a key, of shardis and a real Redis.
 *
 * For every value size both servers are started fresh. VmRSS is read once they answer and have been left alone for a
 * second, again after N SETs of 16-byte keys (`key:` and 12 digits) through one pipelined connection and another
 * second alone; the difference divided by N is the figure. It is what the kernel counts, so it holds allocator slack,
 * growth steps of indexes and, for a managed runtime, garbage not yet collected. Overhead is what is left after the
 * bytes of key and value. Linux only.
 */
import { ask } from './client.ts';
import { checkKeys, fill } from './load.ts';
import {
  BenchError,
  environment,
  format,
  printHeader,
  printJson,
  printTable,
  progress,
  progressDone,
  requireRedis,
} from './report.ts';
import {
  CPU_NOTE,
  durability,
  durabilityNote,
  type Launch,
  onLinux,
  redisLaunch,
  residentBytes,
  type Server,
  type ServerName,
  shardisLaunch,
  splitWords,
  withServers,
} from './servers.ts';

export interface MemoryOptions {
  keys: number;
  values: number[];
  shards: number;
  peerArgs?: string;
  shardisArgs?: string;
  serverCommand?: string;
  json?: boolean;
}

interface Row {
  server: ServerName;
  valueBytes: number;
  baselineBytes: number;
  filledBytes: number;
  bytesPerKey: number;
  overheadBytes: number;
}

const KEY_BYTES = 16;
const settleMs = 1000;

async function measureOne(server: Server, keys: number, valueBytes: number): Promise<Row> {
  const settle = () => new Promise((resolve) => setTimeout(resolve, settleMs));
  await settle();
  const baselineBytes = residentBytes(server.pid);
  await fill(server, { prefix: 'key:', count: keys, value: Buffer.alloc(valueBytes, 'v') });
  await settle();
  const filledBytes = residentBytes(server.pid);
  await checkKeys(server, 'key:', keys, valueBytes);
  const [size] = await ask(server.port, [['DBSIZE']]);
  if (typeof size === 'number' && size !== keys) {
    throw new BenchError(`${server.name} holds ${size} keys after ${keys} were written`);
  }
  const bytesPerKey = (filledBytes - baselineBytes) / keys;
  const overheadBytes = bytesPerKey - KEY_BYTES - valueBytes;
  return { server: server.name, valueBytes, baselineBytes, filledBytes, bytesPerKey, overheadBytes };
}

export async function runMemory(options: MemoryOptions): Promise<void> {
  if (!onLinux) throw new BenchError(CPU_NOTE);
  requireRedis('redis-server');
  const env = environment();
  const launches: Launch[] = [
    redisLaunch(splitWords(options.peerArgs ?? '')),
    shardisLaunch(options.shards, options.serverCommand, splitWords(options.shardisArgs ?? '')),
  ];
  const rows: Row[] = [];
  const said = new Set<string>();
  for (const valueBytes of options.values) {
    for (const launch of launches) {
      progress(`${launch.name}: ${options.keys} keys with ${valueBytes}-byte values`);
      const row = await withServers([launch], async ([server]) => {
        said.add(durabilityNote(server!, await durability(server!)));
        return measureOne(server!, options.keys, valueBytes);
      });
      rows.push(row);
    }
  }
  progressDone();
  if (options.json) {
    printJson('memory', env, { options, servers: [...said], results: rows });
    return;
  }
  printHeader('memory', env, [
    `${format(options.keys)} keys of ${KEY_BYTES} bytes; shardis with ${options.shards} shard${options.shards === 1 ? '' : 's'}; fresh servers for each size`,
    'VmRSS after the fill minus VmRSS before, divided by the keys',
    ...said,
  ]);
  const mib = (bytes: number) => format(bytes / 2 ** 20, 1);
  printTable(
    [
      { title: 'value bytes' },
      { title: 'server', align: 'left' },
      { title: 'baseline MiB' },
      { title: 'filled MiB' },
      { title: 'bytes/key' },
      { title: 'overhead/key' },
    ],
    rows.map((row) => [
      format(row.valueBytes),
      row.server,
      mib(row.baselineBytes),
      mib(row.filledBytes),
      format(row.bytesPerKey, 1),
      format(row.overheadBytes, 1),
    ]),
  );
}
