/** The lines of a file, without a string or an object for each. */
import { readFileBytes, TraceError } from './decompression.ts';

const LF = 10;
const CR = 13;
/** Longer ones are not those of a trace: keys have 512 MB at most, but nobody has traces of such. */
const LINE_BYTES_MAX = 1 << 24;

/** A line as it stands in `bytes`, which are used again afterwards. */
export interface Line {
  bytes: Uint8Array;
  start: number;
  end: number;
  /** From 1. */
  number: number;
  /** Of its first byte in the file, decompressed. */
  offset: number;
  /** False for the last line when nothing ends it. */
  isEnded: boolean;
}

/** Calls `onLine` for each line; empty ones are left out. */
export async function eachLine(file: string, onLine: (line: Line) => void): Promise<void> {
  const line: Line = { bytes: new Uint8Array(0), start: 0, end: 0, number: 0, offset: 0, isEnded: true };
  let rest: Uint8Array = new Uint8Array(0);
  let restOffset = 0;
  const give = (bytes: Uint8Array, start: number, end: number, offset: number) => {
    line.number++;
    if (end > start && bytes[end - 1] === CR) end--;
    if (end === start) return;
    line.bytes = bytes;
    line.start = start;
    line.end = end;
    line.offset = offset;
    onLine(line);
  };
  for await (const chunk of readFileBytes(file)) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(LF, start);
      if (end < 0) break;
      give(bytes, start, end, restOffset + start);
      start = end + 1;
    }
    rest = bytes.slice(start);
    restOffset += start;
    if (rest.length > LINE_BYTES_MAX) {
      throw new TraceError(`${file} is damaged: the line at byte ${restOffset} has no end`);
    }
  }
  line.isEnded = false;
  if (rest.length > 0) give(rest, 0, rest.length, restOffset);
}

/** The error for a line that cannot be read. */
export function badLine(file: string, line: Line, why: string): TraceError {
  return new TraceError(`${file} is damaged at line ${line.number}, byte ${line.offset}: ${why}`);
}
