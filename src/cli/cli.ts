/** `shardis cli`: reads the options, and starts the way of using the client that they ask for. */
import { splitWords } from '../base/words.ts';
import type { Reply } from '../protocol/reply-decoder.ts';
import { Client } from './client.ts';
import { ConnectionError } from './connection.ts';
import { historyFile } from './history.ts';
import { Interactive } from './interactive.ts';
import { readAll, runCommand, runLines, type Surroundings, scanKeys } from './modes.ts';
import { type CliOptions, parseOptions } from './options.ts';
import { askPassword } from './password.ts';
import { PipeTally, pipe } from './pipe.ts';
import { Printer } from './printer.ts';

/** Runs the client with what follows `shardis cli`, and resolves to the exit code. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const parsed = parseOptions(argv, process.env);
  if (parsed.kind === 'exit') {
    (parsed.code === 0 ? process.stdout : process.stderr).write(parsed.text);
    return parsed.code;
  }
  // Whoever reads the output may stop before its end, as head does.
  process.stdout.on('error', () => process.exit(1));
  for (const line of parsed.options.warnings) complain(line);
  const options = await withPassword(parsed.options);
  const isInteractive =
    options.mode === 'command' && options.command.length === 0 && process.stdin.isTTY && process.stdout.isTTY;
  try {
    return isInteractive ? await converse(options) : await work(options);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    complain(error.message);
    return 1;
  } finally {
    // Whoever ends the process now must lose nothing.
    await new Promise((resolve) => process.stdout.write('', resolve));
  }
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function withPassword(options: CliOptions): Promise<CliOptions> {
  if (!options.askPassword) return options;
  return {
    ...options,
    target: { ...options.target, password: await askPassword('Please input password: ') },
  };
}

function printerFor({ format, delimiters, showPushes }: CliOptions): Printer {
  const isTerminal = process.stdout.isTTY === true;
  return new Printer(process.stdout, {
    format: format ?? (isTerminal ? 'standard' : 'raw'),
    delimiters,
    showPushes: showPushes ?? isTerminal,
  });
}

async function converse(options: CliOptions): Promise<number> {
  const terminal = { input: process.stdin, output: process.stdout };
  const printer = printerFor(options);
  const protocol = options.protocol ?? 'best';
  return new Interactive(terminal, options.target, protocol, printer, historyFile(process.env)).run();
}

/** Without a person. Throws ConnectionError. */
async function work(options: CliOptions): Promise<number> {
  const printer = printerFor(options);
  const tally = new PipeTally(complain);
  const onStray =
    options.mode === 'pipe'
      ? (reply: Reply) => tally.take(reply)
      : (reply: Reply) => void printer.write(printer.strayText(reply));
  let isLost: (error: ConnectionError) => void = () => {};
  const lost = new Promise<ConnectionError>((resolve) => {
    isLost = resolve;
  });
  const client = new Client(options.target, options.protocol ?? 2, true, {
    onStray,
    onLost: isLost,
    onWarning: complain,
  });
  const words = await commandWords(options);
  if (words === undefined) {
    complain('Invalid quoted string');
    return 1;
  }
  await client.connect();
  const code = await use({ client, printer, complain, lost }, options, words, tally);
  await client.disconnect();
  return code;
}

function use(
  surroundings: Surroundings,
  options: CliOptions,
  words: readonly Uint8Array[],
  tally: PipeTally,
): Promise<number> {
  const { mode, intervalMs, repeat, errorsFail } = options;
  if (mode === 'pipe') return pipe(surroundings, process.stdin, tally, options.pipeTimeoutMs);
  if (mode === 'scan') return scanKeys(surroundings, { ...options.scan, intervalMs });
  if (words.length === 0) return runLines(surroundings, process.stdin, errorsFail);
  return runCommand(surroundings, words, { repeat, intervalMs, errorsFail });
}

/** The words of the command, if there is one; undefined for quotes that are wrong. */
async function commandWords(options: CliOptions): Promise<Uint8Array[] | undefined> {
  const words: Uint8Array[] = [];
  for (const text of options.command) {
    const bytes = Buffer.from(text, 'utf8');
    const parts = options.quotedInput ? splitWords(bytes, 0, bytes.length) : [bytes];
    if (parts?.length !== 1) return undefined;
    words.push(parts[0]!);
  }
  if (options.lastWordFromInput) words.push(await readAll(process.stdin));
  return words;
}
