/**
 * What MONITOR shows, a command a line: `1700000000.123456 [0 127.0.0.1:50000] "GET" "key"`, live or as `redis-cli MONITOR` has written it to a
 * file.
 */
import { splitWords } from '../../base/words.ts';
import type { RequestBatch } from '../requests.ts';
import { badLine, eachLine } from './lines.ts';

/**
 * Adds to the batch what a command does to its keys. `place` is where it came from: the number of the database, and within that bracket
 * the client, `lua` for a script.
 */
export type CommandReader = (
  words: readonly Uint8Array[],
  place: { readonly db: number; readonly timeMs: number },
  batch: RequestBatch,
) => void;

const HEAD_BYTES_MAX = 256;

/** Reads one line; false when it is none of MONITOR's. */
export function readMonitorLine(
  bytes: Uint8Array,
  start: number,
  end: number,
  readCommand: CommandReader,
  batch: RequestBatch,
): boolean {
  const headEnd = Math.min(end, start + HEAD_BYTES_MAX);
  const head = Buffer.from(bytes.buffer, bytes.byteOffset + start, headEnd - start).toString('latin1');
  const match = /^\+?(\d+\.\d+) \[(\d+) [^\]"]*(?:\][^" ]*)?\] /.exec(head);
  if (match === null) return false;
  const words = splitWords(bytes, start + match[0].length, end);
  if (words === undefined || words.length === 0) return false;
  readCommand(words, { db: Number(match[2]), timeMs: Number(match[1]) * 1000 }, batch);
  return true;
}

export async function readMonitorFile(
  file: string,
  readCommand: CommandReader,
  batch: RequestBatch,
): Promise<void> {
  await eachLine(file, (line) => {
    const { bytes, start, end } = line;
    if (readMonitorLine(bytes, start, end, readCommand, batch)) return;
    // The reply to MONITOR itself; and whoever ends redis-cli leaves a line half written.
    if (line.number === 1 && end - start === 2 && bytes[start] === 79 && bytes[start + 1] === 75) return;
    if (!line.isEnded) return;
    throw badLine(file, line, 'this is no line of MONITOR');
  });
}
