/** The segments of one shard's log as a row of records, and what is behind a place where the row is broken. */
import { join } from 'node:path';
import { segmentName, segmentNumbers } from './directory.ts';
import type { WalFiles } from './files.ts';
import { logOf, type RecordHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from './layout.ts';
import { readSegment, type Segment, SegmentReader } from './segment-reader.ts';

export const MISSING = 'the file is missing';

/** Where reading a log had to stop. */
export interface BadPlace {
  /** Index of the segment. */
  readonly index: number;
  readonly offset: number;
  readonly reason: string;
  /** The sequence that should have been there. */
  readonly sequence: number;
  /** The bytes are as they were written, but nothing that this program can read. */
  readonly isUnknown?: boolean;
}

/** How many of the segments, from the first on, belong to its log; gaps before those of another one do not count. */
function countOwn(segments: readonly Segment[]): number {
  const first = segments[0]?.header;
  if (typeof first !== 'object') return segments.length;
  const isForeign = ({ header }: Segment) =>
    typeof header === 'object' && logOf(header.firstSequence) !== logOf(first.firstSequence);
  let count = segments.findIndex(isForeign);
  if (count < 0) return segments.length;
  while (segments[count - 1]!.header === MISSING) count--;
  return count;
}

/** `index` is the segment's. False to stop behind this record. */
type ReadRecord = (reader: SegmentReader, index: number) => boolean;

/** The segments of a shard, in order, and how to walk through their records. */
export class SegmentChain {
  readonly segments: readonly Segment[];
  /** Segments of another log, which was begun for a manifest that was never written: they do not count. */
  readonly strays: readonly Segment[];
  readonly #files: WalFiles;

  /** `segments` have consecutive numbers; those that are missing have a header that says so. */
  constructor(files: WalFiles, directory: string, shard: number, firstSegment: number) {
    this.#files = files;
    const numbers = segmentNumbers(files, directory, shard, firstSegment);
    const segments: Segment[] = [];
    for (let number = firstSegment; number <= (numbers.at(-1) ?? firstSegment); number++) {
      const isThere = numbers.includes(number);
      segments.push(
        isThere ? readSegment(files, directory, shard, number) : missing(directory, shard, number),
      );
    }
    const own = countOwn(segments);
    this.segments = segments.slice(0, own);
    this.strays = segments.slice(own).filter(({ header }) => header !== MISSING);
  }

  headerOf(index: number): SegmentHeader | undefined {
    const header = this.segments[index]?.header;
    return typeof header === 'object' ? header : undefined;
  }

  /**
   * Calls `visit` for each record in order, until it returns false. The place where the log has to end, if that is not the
   * end of the last segment.
   */
  walk(visit: ReadRecord): BadPlace | undefined {
    let sequence = (this.headerOf(0)?.firstSequence ?? 1) - 1;
    for (let index = 0; index < this.segments.length; index++) {
      const { header, path } = this.segments[index]!;
      if (typeof header === 'string') return { index, offset: 0, reason: header, sequence: sequence + 1 };
      if (header.firstSequence !== sequence + 1) {
        return { index, offset: 0, reason: 'records before it are missing', sequence: sequence + 1 };
      }
      const reader = new SegmentReader(this.#files, path, header.salt);
      try {
        // The next segment says from where on it replaces this one.
        const endSequence = this.headerOf(index + 1)?.firstSequence ?? Number.POSITIVE_INFINITY;
        for (; sequence + 1 !== endSequence; sequence++) {
          const result = reader.next();
          const { offset } = reader;
          if (result === 'end' && index === this.segments.length - 1) return undefined;
          if (result === 'end' && endSequence === Number.POSITIVE_INFINITY) break;
          const reason = result === 'end' ? 'records are missing' : reader.reason;
          if (result !== 'record') return { index, offset, reason, sequence: sequence + 1 };
          if (reader.record.sequence !== sequence + 1) {
            const wrong = `sequence ${sequence + 1} is missing`;
            return { index, offset, reason: wrong, sequence: sequence + 1 };
          }
          if (!visit(reader, index)) return undefined;
        }
      } finally {
        reader.close();
      }
    }
    return undefined;
  }

  /** Whether bytes are gone that were synced; `durable` is what `behind` found. */
  isDamage(place: BadPlace, durable: number): boolean {
    return place.isUnknown === true || place.sequence <= durable || (place.index === 0 && place.offset === 0);
  }

  /** What is behind a bad place: the highest sequence that was durable, whole records, and bytes that are not zero. */
  behind(place: BadPlace): { durable: number; records: number; bytes: number } {
    const found = { durable: 0, records: 0, bytes: 0 };
    const count = (record: RecordHeader) => {
      found.records++;
      found.durable = Math.max(found.durable, record.durable);
    };
    for (let index = place.index; index < this.segments.length; index++) {
      const { header, path } = this.segments[index]!;
      if (header === MISSING) continue;
      const isFirst = index === place.index;
      const reader = new SegmentReader(this.#files, path, typeof header === 'string' ? 0 : header.salt);
      try {
        const from = isFirst ? place.offset : 0;
        found.bytes += reader.usedEnd(from) - from;
        if (typeof header === 'object') {
          if (!isFirst || place.offset === 0) found.durable = Math.max(found.durable, header.durable);
          reader.search(isFirst ? place.offset : 0, place.sequence - 1, count);
        } else if (reader.usedEnd(SEGMENT_HEADER_BYTES) > SEGMENT_HEADER_BYTES) {
          // A record comes behind its header only after that was synced.
          found.durable = Number.POSITIVE_INFINITY;
        }
      } finally {
        reader.close();
      }
    }
    return found;
  }
}

function missing(directory: string, shard: number, number: number): Segment {
  return { path: join(directory, segmentName(shard, number)), number, header: MISSING };
}
