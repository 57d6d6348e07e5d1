/** The command line of `shardis check`: are the files of a data directory whole, and what could be saved of them? */
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline/promises';
import { Command } from 'commander';
import { checkDirectory, repairDirectory } from '../../wal/check.ts';
import { diskFiles } from '../../wal/files.ts';
import { amount } from './amounts.ts';
import { FAILED, lockDirectory, OK, print, Refusal, runCommand } from './command.ts';
import { type Examination, examine, type FileReport } from './examination.ts';
import { readRdbFile, saveReadable } from './rdb-file.ts';

const HELP_END = `
Every file that the manifest names, and the dump, is read from its beginning to its end and held against its checksums.
What a crash left at the end of a log is no damage: the next start cuts it off by itself.

A repair cuts a log where it is damaged, and leaves of a base or a dump what stands before the damage. It says first
what that loses. The originals stay beside the new files, as NAME.damaged-TIME.

Exit code: 0 all is well, 1 something is damaged, 2 nothing could be looked at (no such directory, or a server uses it).

Examples:
  shardis check
  shardis check --repair /var/lib/shardis
`;

interface CheckFlags {
  repair?: boolean;
  yes?: boolean;
  dump: string;
}

/** Runs `shardis check` with the words behind it; resolves to the exit code. */
export function runCheck(argv: readonly string[]): Promise<number> {
  const command = new Command('shardis check')
    .description('Checks the files of a data directory while no server uses it, and repairs them.')
    .argument('[dir]', 'the data directory', 'data')
    .option('--repair', 'cut off what is damaged')
    .option('--yes', 'do not ask before the repair')
    .option('--dump <name>', 'name of the dump in the directory', 'dump.rdb')
    .addHelpText('after', HELP_END);
  return runCommand<CheckFlags>(command, argv, async (flags, [directory = 'data']) => {
    const lock = lockDirectory(directory);
    try {
      return await check(path.resolve(directory), flags);
    } finally {
      lock.release();
    }
  });
}

async function check(directory: string, flags: CheckFlags): Promise<number> {
  const found = examine(directory, flags.dump);
  for (const file of found.files) print(lineOf(file));
  for (const note of found.notes) print(note);
  const damaged = found.files.filter(({ state }) => state === 'damaged');
  if (found.files.length === 0) {
    print('there is neither a log nor a dump');
    return OK;
  }
  if (damaged.length === 0) {
    const isCut = found.notes.length > 0 || found.files.some(({ state }) => state === 'torn');
    print(isCut ? 'nothing is damaged; what is named above is what a crash leaves' : 'all is well');
    return OK;
  }
  if (flags.repair !== true) {
    print(`${damaged.length} damaged: see shardis check --repair`);
    return FAILED;
  }
  const beyondHelp = damaged.filter(({ canRepair }) => canRepair === false);
  for (const { name } of beyondHelp) print(`${name} cannot be repaired: restore it from a copy`);
  if (beyondHelp.length === damaged.length) return FAILED;
  if (!(await isWanted(found, damaged, flags.yes === true))) {
    print('nothing was changed');
    return FAILED;
  }
  repair(directory, damaged);
  return conclude(directory, flags.dump);
}

function lineOf({ name, state, text }: FileReport): string {
  const word =
    state === 'damaged' ? 'DAMAGED ' : state === 'torn' ? 'ok, torn ' : state === 'ok' ? 'ok: ' : '';
  return `${name.padEnd(20)} ${word}${text}`;
}

async function isWanted(
  { loss }: Examination,
  damaged: readonly FileReport[],
  isSure: boolean,
): Promise<boolean> {
  print('the repair loses:');
  for (const { name, loses } of damaged) if (loses !== undefined) print(`  ${name}: ${loses}`);
  for (const line of loss) print(`  ${line}`);
  if (isSure) return true;
  if (process.stdin.isTTY !== true)
    throw new Refusal('a repair needs --yes where nobody can be asked', FAILED);
  const reader = readline.createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await reader.question('repair? [y/N] ')).trim());
  } finally {
    reader.close();
  }
}

function repair(directory: string, damaged: readonly FileReport[]): void {
  const time = new Date();
  // Bases first: a log that was cut cannot be told from one that ended there.
  for (const { name, rdbProblem } of damaged) {
    if (rdbProblem?.isDamage !== true) continue;
    const kept = `${name}.damaged-${time.toISOString().replaceAll(':', '-')}`;
    saveReadable(path.join(directory, name), rdbProblem, path.join(directory, kept));
    print(`${name} repaired; what it was is ${kept}`);
  }
  for (const { file, kept } of repairDirectory(diskFiles, directory, time)) {
    print(`${file} repaired; what it was is ${kept.join(', ')}`);
  }
}

/** Looks once more. */
function conclude(directory: string, dump: string): number {
  const left = checkDirectory(diskFiles, directory, (file) => {
    const { problem } = readRdbFile(file);
    return problem && { offset: problem.offset, reason: problem.reason };
  }).filter(({ kind }) => kind === 'damage');
  const dumpPath = path.join(directory, dump);
  const isDumpBad = fs.existsSync(dumpPath) && readRdbFile(dumpPath).problem !== undefined;
  if (left.length === 0 && !isDumpBad) {
    print('a server can start from it');
    return OK;
  }
  for (const { file, offset, reason } of left) print(`${file} DAMAGED at byte ${amount(offset)}: ${reason}`);
  return FAILED;
}
