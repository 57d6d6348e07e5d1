/** The ways to use the client without a person at the keyboard. Each resolves to the exit code of the program. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LF } from '../base/bytes.ts';
import { splitWords } from '../base/words.ts';
import type { Client } from './client.ts';
import type { ConnectionError } from './connection.ts';
import { quoted } from './format.ts';
import type { Printer } from './printer.ts';

export interface Surroundings {
  readonly client: Client;
  readonly printer: Printer;
  /** Prints one line on standard error. */
  readonly complain: (line: string) => void;
  /** Resolves when the connection ends by itself. */
  readonly lost: Promise<ConnectionError>;
}

export interface CommandOptions {
  /** How often; negative for without end. */
  readonly repeat: number;
  readonly intervalMs: number;
  /** An error reply ends the program with exit code 1, and is printed on standard error. */
  readonly errorsFail: boolean;
}

/** Runs one command, as often as wanted. After one that subscribes it prints until the connection ends. */
export async function runCommand(
  { client, printer, complain, lost }: Surroundings,
  words: readonly Uint8Array[],
  { repeat, intervalMs, errorsFail }: CommandOptions,
): Promise<number> {
  for (let done = 0; repeat < 0 || done < repeat; done++) {
    if (done > 0 && intervalMs > 0) await sleep(intervalMs);
    let failure: string | undefined;
    await client.run(words, (reply) => {
      if (errorsFail && reply.type === 'error') failure = reply.text;
      else printer.reply(reply, words);
    });
    if (failure !== undefined) {
      complain(failure);
      return 1;
    }
  }
  if (!client.isListening) return 0;
  complain((await lost).message);
  return 1;
}

/** Runs the commands of a stream, one a line, each after the reply to the one before. */
export async function runLines(
  surroundings: Surroundings,
  input: AsyncIterable<Uint8Array>,
  errorsFail: boolean,
): Promise<number> {
  for await (const line of linesOf(input)) {
    const words = splitWords(line, 0, line.length);
    if (words === undefined) {
      surroundings.printer.write('Invalid argument(s)\n');
      if (errorsFail) return 1;
      continue;
    }
    if (words.length === 0) continue;
    const { repeat, command } = takeRepeat(words);
    if (/^(?:quit|exit)$/i.test(Buffer.from(command[0]!).toString('latin1'))) return 0;
    const isWell = await runLine(surroundings, command, repeat, errorsFail);
    if (!isWell) return 1;
  }
  return 0;
}

async function runLine(
  { client, printer, complain }: Surroundings,
  words: readonly Uint8Array[],
  repeat: number,
  errorsFail: boolean,
): Promise<boolean> {
  for (let left = repeat; left > 0; left--) {
    if (!client.isConnected) await client.connect();
    const reply = await client.run(words, (part) => {
      if (!errorsFail || part.type !== 'error') printer.reply(part, words);
    });
    if (errorsFail && reply?.type === 'error') {
      complain(reply.text);
      return false;
    }
  }
  return true;
}

/** A number before a command says how often to run it. */
export function takeRepeat(words: readonly Uint8Array[]): { repeat: number; command: readonly Uint8Array[] } {
  const count = words.length > 1 ? Number(Buffer.from(words[0]!).toString('latin1')) : Number.NaN;
  if (!Number.isSafeInteger(count) || count <= 0) return { repeat: 1, command: words };
  return { repeat: count, command: words.slice(1) };
}

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  /** The beginning of a line whose end has not come. */
  let pieces: Uint8Array[] = [];
  for await (const chunk of input) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      yield Buffer.concat([...pieces, chunk.subarray(from, end)]);
      pieces = [];
      from = end + 1;
    }
    pieces.push(chunk.subarray(from));
  }
  yield Buffer.concat(pieces);
}

export interface ScanOptions {
  readonly pattern?: string;
  readonly count?: string;
  readonly type?: string;
  readonly intervalMs: number;
}

/** Prints the names of all keys, one a line. */
export async function scanKeys(
  { client, printer, complain }: Surroundings,
  { pattern, count, type, intervalMs }: ScanOptions,
): Promise<number> {
  const options = [
    ...(pattern === undefined ? [] : ['MATCH', pattern]),
    ...(count === undefined ? [] : ['COUNT', count]),
    ...(type === undefined ? [] : ['TYPE', type]),
  ];
  for (let cursor = '0'; ; ) {
    const reply = await client.request('SCAN', cursor, ...options);
    const [next, keys] = reply.type === 'array' ? reply.items : [];
    if (next?.type !== 'bulk' || keys?.type !== 'array') {
      complain(reply.type === 'error' ? reply.text : 'Not a reply to SCAN');
      return 1;
    }
    const show = printer.options.format === 'standard' ? quoted : (name: string) => name;
    const names = keys.items.map((key) => `${show('text' in key ? key.text : '')}\n`);
    if (!printer.write(names.join(''))) await printer.drained();
    cursor = next.text;
    if (cursor === '0') return 0;
    if (intervalMs > 0) await sleep(intervalMs);
  }
}

/** All of a stream as one word. */
export async function readAll(input: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks);
}
