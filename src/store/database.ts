/** One logical database: its two indexes, made when the first key comes, and its part of the expiry walk. */
import { allocateShared } from './extents.ts';
import { type DirectoryHome, HashIndex } from './hash-index.ts';
import type { SegmentPool } from './segments.ts';
import { EMPTY_DEPTH, type GenerationOffsets, type ShareMessage } from './sharing.ts';
import type { Stripes } from './stripes.ts';

export interface DatabaseHost {
  readonly stripes: Stripes;
  readonly pool: SegmentPool;
  readonly expiresPool: SegmentPool;
  readonly generations: Int32Array;
  readonly offsets: GenerationOffsets;
  announce(message: ShareMessage): void;
}

export class Database implements DirectoryHome {
  private number: number;
  index: HashIndex | undefined = undefined;
  expires: HashIndex | undefined = undefined;
  /** Entries of other types than string. */
  objects = 0;
  /** For the snapshot under way: the number at its cut, and how many entries it has yet to write. */
  cutNumber = 0;
  unwritten = 0;
  walkOrder = 0;
  walkSlot = 0;
  averageTtlMs = 0;
  staleRatio = 0;
  private readonly host: DatabaseHost;

  constructor(number: number, host: DatabaseHost) {
    this.number = number;
    this.host = host;
    this.publishDepth(EMPTY_DEPTH);
  }

  get directoryBytes(): number {
    return (this.index?.directory.byteLength ?? 0) + (this.expires?.directory.byteLength ?? 0);
  }

  openIndex(): HashIndex {
    this.index ??= new HashIndex(this.host.pool, this, this.host.stripes);
    return this.index;
  }

  openExpires(): HashIndex {
    this.expires ??= new HashIndex(this.host.expiresPool, OWNER_HOME);
    return this.expires;
  }

  allocate(capacity: number): Int32Array {
    return new Int32Array(allocateShared(capacity * 4));
  }

  publish(directory: Int32Array): void {
    const generation = Atomics.add(this.host.generations, this.generationAt, 1) + 1;
    const buffer = directory.buffer as SharedArrayBuffer;
    this.host.announce({ kind: 'directory', database: this.number, generation, buffer });
  }

  publishDepth(depth: number): void {
    Atomics.store(this.host.generations, this.host.offsets.depth + this.number, depth);
  }

  /** What a new reader must know of this database. */
  shareDirectory(): ShareMessage[] {
    if (this.index === undefined) return [];
    const generation = this.host.generations[this.generationAt]!;
    const buffer = this.index.directory.buffer as SharedArrayBuffer;
    return [{ kind: 'directory', database: this.number, generation, buffer }];
  }

  /**
   * Gives the database another number. All stripes must have begun: readers that look at either number meanwhile must
   * not take what they see for certain.
   */
  renumber(number: number): void {
    this.number = number;
    const generation = Atomics.add(this.host.generations, this.generationAt, 1) + 1;
    const buffer = this.index === undefined ? null : (this.index.directory.buffer as SharedArrayBuffer);
    this.publishDepth(this.index?.depth ?? EMPTY_DEPTH);
    this.host.announce({ kind: 'directory', database: number, generation, buffer });
  }

  /** Gives both indexes back. Readers must have been led away before (depth EMPTY_DEPTH). */
  close(): void {
    this.index?.destroy();
    this.expires?.destroy();
    if (this.index !== undefined) {
      const generation = Atomics.add(this.host.generations, this.generationAt, 1) + 1;
      this.host.announce({ kind: 'directory', database: this.number, generation, buffer: null });
    }
    this.index = undefined;
    this.expires = undefined;
    this.objects = 0;
    this.walkOrder = 0;
    this.walkSlot = 0;
    this.averageTtlMs = 0;
    this.staleRatio = 0;
  }

  private get generationAt(): number {
    return this.host.offsets.directory + this.number;
  }
}

/** The expires index is read by its owner only. */
const OWNER_HOME: DirectoryHome = {
  allocate: (capacity) => new Int32Array(capacity),
  publish: () => {},
  publishDepth: () => {},
};
