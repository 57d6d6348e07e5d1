/** The command line of `shardis import`. */
import path from 'node:path';
import { Command } from 'commander';
import { rowOf } from '../../config/options.ts';
import { SHARDS_MAX, VIRTUAL_NODES_MAX } from '../../ring/hash-ring.ts';
import { amount, counted, size } from './amounts.ts';
import { OK, print, runCommand, upTo } from './command.ts';
import { importFile } from './import-file.ts';
import { Progress } from './progress.ts';

const HELP_END = `
The server is not running meanwhile. The file is read once, and each key goes to the base of its shard; the directory's
manifest is switched over when all of them are on the disk, so that it holds all of the file or what it held before.

Examples:
  shardis import /var/lib/redis/dump.rdb --dir /var/lib/shardis
  shardis import dump.rdb --dir data --shards 4 --replace
`;

interface ImportFlags {
  dir: string;
  shards: number;
  virtualNodes: number;
  replace?: boolean;
  skipUnsupported?: boolean;
}

function defaultOf(name: 'shards' | 'virtual-nodes'): number {
  const value: unknown = rowOf(name).default;
  return typeof value === 'function' ? value() : (value as number);
}

/** Runs `shardis import` with the words behind it; resolves to the exit code. */
export function runImport(argv: readonly string[]): Promise<number> {
  const command = new Command('shardis import')
    .description("Makes a data directory from an RDB file (Redis's dump.rdb), for a server to start on.")
    .argument('<file>', 'the RDB file')
    .option('--dir <dir>', 'the data directory', 'data')
    .option(
      '--shards <n>',
      'for how many shards; a server with others divides the keys anew',
      upTo(SHARDS_MAX),
      defaultOf('shards'),
    )
    .option(
      '--virtual-nodes <n>',
      "as the server's option",
      upTo(VIRTUAL_NODES_MAX),
      defaultOf('virtual-nodes'),
    )
    .option('--replace', 'drop what the directory holds')
    .option('--skip-unsupported', 'leave out keys of types that this version does not keep')
    .addHelpText('after', HELP_END);
  return runCommand<ImportFlags>(command, argv, async (flags, [file]) => {
    const progress = new Progress('importing');
    const directory = path.resolve(flags.dir);
    let result: ReturnType<typeof importFile>;
    try {
      result = importFile({
        file: file!,
        directory,
        shards: flags.shards,
        virtualNodes: flags.virtualNodes,
        replaces: flags.replace === true,
        skipsUnsupported: flags.skipUnsupported === true,
        progressed: (done, total, keys) => progress.update(done, total, keys),
      });
    } finally {
      progress.end();
    }
    for (const [kind, count] of result.skipped) print(`left out: ${counted(count, kind)}`);
    const { keys, bytesRead, bytesWritten, highestDatabase } = result;
    const perSecond = Math.round(keys / Math.max(0.001, progress.seconds));
    print(
      `${counted(keys, 'key')} from ${size(bytesRead)} to ${counted(flags.shards, 'base')} of ${size(bytesWritten)} in ${progress.seconds.toFixed(1)} s (${amount(perSecond)} keys/s)`,
    );
    const databases = rowOf('databases').default as number;
    const more = highestDatabase < databases ? '' : ` --databases ${highestDatabase + 1}`;
    print(`start it with: shardis --appendonly yes --dir ${directory} --shards ${flags.shards}${more}`);
    return OK;
  });
}
