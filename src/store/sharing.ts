/**
 * What the owner of a keyspace tells its readers, and the shared words that tell a reader that it knows too little.
 *
 * Memory is added and given back while readers read, and the messages about it arrive late. A reader that
 * meets a number (of an extent, of an index extent, of a database's directory) must therefore know whether
 * the buffer it has under that number is the present one: numbers are used again. Each number has a
 * **generation** in shared memory, raised whenever the number gets a new buffer, *before* anything can
 * lead there; the message carries the same generation. A reader compares the two on every access and says
 * "unsure" when they differ. It cannot read an old generation together with a new ref unnoticed: the
 * generation was raised before the stripe's version was, so a reader that sees the ref and the old generation
 * had loaded the old version, and fails its second check.
 *
 * The shared words (int32):
 *
 *     [0, D)                     depth of each database's directory; -1: the database is empty
 *     [D, 2D)                    generation of each directory
 *     [2D, 2D + 2048)            generation of each arena extent
 *     [2D + 2048, +16384)        generation of each index extent
 */
import type { HashSeed } from '../base/hash.ts';
import { EXTENTS_MAX } from './layout.ts';

export const STRIPES = 1024;
export const STRIPE_MASK = STRIPES - 1;
export const INDEX_EXTENTS_MAX = 16384;
export const EMPTY_DEPTH = -1;

/** Readers that may announce a touch at the same time (see touches.ts). */
export const READERS_MAX = 64;
/** Each reader's announcement has a cache line of its own. */
export const READER_WORDS = 16;

export interface HelloMessage {
  kind: 'hello';
  seed: HashSeed;
  databases: number;
  versions: SharedArrayBuffer;
  generations: SharedArrayBuffer;
  touches: SharedArrayBuffer;
}

export interface ExtentMessage {
  kind: 'extent';
  number: number;
  generation: number;
  /** null: given back. */
  buffer: SharedArrayBuffer | null;
  /** So much of the buffer, from its beginning, is the extent. */
  byteLength: number;
}

export interface IndexExtentMessage {
  kind: 'indexExtent';
  number: number;
  generation: number;
  /** null: given back. */
  buffer: SharedArrayBuffer | null;
}

export interface DirectoryMessage {
  kind: 'directory';
  database: number;
  generation: number;
  buffer: SharedArrayBuffer | null;
}

/** The owner has given back all the memory that it could: now is the time to let it go. */
export interface ReleaseMessage {
  kind: 'release';
}

/** All of it can be structured-cloned. */
export type ShareMessage =
  | HelloMessage
  | ExtentMessage
  | IndexExtentMessage
  | DirectoryMessage
  | ReleaseMessage;

/** Where the groups of shared words begin for a number of databases. */
export class GenerationOffsets {
  readonly depth: number;
  readonly directory: number;
  readonly extent: number;
  readonly indexExtent: number;
  readonly total: number;

  constructor(databases: number) {
    this.depth = 0;
    this.directory = databases;
    this.extent = 2 * databases;
    this.indexExtent = this.extent + EXTENTS_MAX;
    this.total = this.indexExtent + INDEX_EXTENTS_MAX;
  }
}
