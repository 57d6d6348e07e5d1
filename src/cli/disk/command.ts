/** What the commands have in common that work on a data directory while no server runs. */
import fs from 'node:fs';
import { type Command, CommanderError, InvalidArgumentError } from 'commander';
import { DirectoryInUse, LockFile } from '../../wal/lock-file.ts';

/** Exit codes: all is well; something is wrong with the files; nothing could be looked at. */
export const OK = 0;
export const FAILED = 1;
export const CANNOT_LOOK = 2;

/** A reason not to do it, in one line for people. */
export class Refusal extends Error {
  readonly code: number;

  constructor(message: string, code = FAILED) {
    super(message);
    this.code = code;
  }
}

/**
 * Reads the words and calls `act`, which gets the flags and the other words and resolves to the exit code. Prints what is
 * thrown as one line.
 */
export async function runCommand<F extends object>(
  command: Command,
  argv: readonly string[],
  act: (flags: F, words: readonly string[]) => Promise<number>,
): Promise<number> {
  let code = OK;
  command
    .exitOverride()
    .configureHelp({ helpWidth: 110 })
    .action(async () => {
      code = await act(command.opts<F>(), command.args);
    });
  try {
    await command.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed what it found wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : CANNOT_LOOK;
    process.stderr.write(`shardis: ${(error as Error).message.split('\n')[0]}\n`);
    return error instanceof Refusal ? error.code : CANNOT_LOOK;
  }
}

/** Takes the lock of a data directory that is there. Throws Refusal when it cannot be had. */
export function lockDirectory(directory: string): LockFile {
  try {
    if (!fs.statSync(directory).isDirectory()) throw new Error('it is no directory');
    return LockFile.acquire(directory);
  } catch (error) {
    const why = (error as Error).message;
    const message =
      error instanceof DirectoryInUse ? why : `cannot use the data directory ${directory}: ${why}`;
    throw new Refusal(message, CANNOT_LOOK);
  }
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A parser for an option that is a whole number from 1 to `max`. */
export function upTo(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= 1 && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from 1 to ${max}.`);
  };
}
