/** Reads a trace of any format into batches of requests, and tells which format it has. */
import { KIND, keyCheck, keyHash, numberHash, type RequestBatch } from '../requests.ts';
import { binaryKeys } from './binary.ts';
import { readCsv } from './csv.ts';
import { plainName, readFileBytes, TraceError } from './decompression.ts';
import { eachLine } from './lines.ts';
import { type CommandReader, readMonitorFile } from './monitor.ts';

export const FORMATS = ['binary', 'keys', 'csv', 'monitor'] as const;
export type TraceFormat = (typeof FORMATS)[number];

const EXTENSIONS: Readonly<Record<string, TraceFormat>> = {
  trace: 'binary',
  bin: 'binary',
  keys: 'keys',
  csv: 'csv',
  monitor: 'monitor',
};

/** So much of the beginning tells what a file is. */
const HEAD_BYTES = 4096;

/** What the name says, or else the contents. Throws TraceError for a file that cannot be read, or is empty. */
export async function formatOf(file: string): Promise<TraceFormat> {
  const head = await beginning(file);
  if (head.length === 0) throw new TraceError(`${file} is empty`);
  const extension = /\.([^./]+)$/.exec(plainName(file))?.[1]?.toLowerCase();
  return EXTENSIONS[extension ?? ''] ?? formatOfContents(head);
}

function formatOfContents(head: string): TraceFormat {
  if (/^(OK\r?\n)?\+?\d+\.\d+ \[\d+ /.test(head)) return 'monitor';
  if ([...head].some(isControl)) return 'binary';
  const lines = head.split('\n');
  return lines.slice(0, 3).some((line) => /^\d+(\.\d+)?,[^,]/.test(line)) ? 'csv' : 'keys';
}

/** What texts do not have; they have tabs and line ends. */
function isControl(char: string): boolean {
  const code = char.charCodeAt(0);
  return code < 9 || (code > 13 && code < 32);
}

async function beginning(file: string): Promise<string> {
  let head = Buffer.alloc(0);
  for await (const bytes of readFileBytes(file)) {
    head = Buffer.concat([head, bytes.subarray(0, HEAD_BYTES)]);
    if (head.length >= HEAD_BYTES) break;
  }
  return head.toString('latin1');
}

/** Throws TraceError where the file is damaged, with the place. */
export async function readTrace(
  file: string,
  format: TraceFormat,
  readCommand: CommandReader,
  batch: RequestBatch,
): Promise<void> {
  if (format === 'binary') {
    for await (const keys of binaryKeys(file)) {
      for (let i = 0; i < keys.length; i++) batch.add(KIND.load, numberHash(keys[i]!), 0);
    }
  } else if (format === 'keys') {
    await eachLine(file, ({ bytes, start, end }) => {
      batch.add(KIND.load, keyHash(bytes, start, end), keyCheck(bytes, start, end));
    });
  } else if (format === 'csv') {
    await readCsv(file, batch);
  } else {
    await readMonitorFile(file, readCommand, batch);
  }
  batch.flush();
}
