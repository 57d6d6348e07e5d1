/** The command line of `shardis export`. */
import path from 'node:path';
import { Command } from 'commander';
import { amount, counted, size } from './amounts.ts';
import { lockDirectory, OK, print, runCommand } from './command.ts';
import { exportDirectory } from './export-directory.ts';
import { Progress } from './progress.ts';

const HELP_END = `
The server is not running meanwhile; of one that runs, BGSAVE writes such a file. The data directory stays as it is.

Examples:
  shardis export dump.rdb --dir /var/lib/shardis
`;

/** Runs `shardis export` with the words behind it; resolves to the exit code. */
export function runExport(argv: readonly string[]): Promise<number> {
  const command = new Command('shardis export')
    .description('Writes all keys of a data directory to one RDB file, as Redis 7 loads it.')
    .argument('<file>', 'the RDB file to write')
    .option('--dir <dir>', 'the data directory', 'data')
    .option('--replace', 'write over a file that is there')
    .addHelpText('after', HELP_END);
  return runCommand<{ dir: string; replace?: boolean }>(command, argv, async (flags, [file]) => {
    const directory = path.resolve(flags.dir);
    const lock = lockDirectory(directory);
    const progress = new Progress('exporting');
    try {
      const result = exportDirectory({
        directory,
        file: path.resolve(file!),
        replaces: flags.replace === true,
        progressed: (done, total, keys) => progress.update(done, total, keys),
      });
      progress.end();
      for (const notice of result.notices) print(notice);
      const perSecond = Math.round(result.keys / Math.max(0.001, progress.seconds));
      print(
        `${counted(result.keys, 'key')} to ${size(result.bytes)} in ${progress.seconds.toFixed(1)} s (${amount(perSecond)} keys/s)`,
      );
      return OK;
    } finally {
      progress.end();
      lock.release();
    }
  });
}
