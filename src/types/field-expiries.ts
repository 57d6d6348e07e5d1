/**
 * The moments at which fields of a hash expire: which one a field has, and which fields come first. Only hashes that have ever
 * had such a field have one of these.
 *
 * A heap holds the moments in order. A field whose moment changes leaves its old place there, which is passed over when its
 * time has come; when such places are the larger part, the heap is built anew.
 */
import { fromLatin1, latin1 } from '../base/bytes.ts';
import {
  BOXED_NUMBER_BYTES,
  LIST_BYTES,
  MapBytes,
  REFERENCE_BYTES,
  stringBytes,
} from '../base/engine-bytes.ts';
import { MomentHeap } from '../base/moment-heap.ts';

/** No moment. */
export const NEVER_EXPIRES = -1;

/** What the object takes, with that of its list of maps. */
const OBJECT_BYTES = 72 + LIST_BYTES + REFERENCE_BYTES;
/** The engine's maps have an end. */
const MAP_SIZE_MAX = 1 << 23;
const STALE_MIN = 64;

export class FieldExpiries {
  readonly #maps: Map<string, number>[] = [new Map()];
  /** The fields that have, or had, these moments. */
  readonly #heap = new MomentHeap<string>();
  /** What the maps take, and the names that are in the heap, which are mostly those in the maps. */
  readonly #mapBytes = new MapBytes();
  #nameBytes = 0;

  /** Fields with a moment. */
  count = 0;

  get memoryBytes(): number {
    const moments = this.count * BOXED_NUMBER_BYTES;
    return OBJECT_BYTES + this.#mapBytes.bytes + moments + this.#nameBytes + this.#heap.memoryBytes;
  }

  /** The first moment; Infinity when there is none. */
  get first(): number {
    this.#passStale();
    return this.#heap.first;
  }

  /** The moment of the field `source[start, end)`, or NEVER_EXPIRES. */
  of(source: Uint8Array, start: number, end: number): number {
    return this.#get(latin1(source, start, end)) ?? NEVER_EXPIRES;
  }

  set(source: Uint8Array, start: number, end: number, moment: number): void {
    const field = latin1(source, start, end);
    const map = this.#mapWith(field);
    if (map === undefined) {
      this.#mapWithRoom().set(field, moment);
      this.count++;
      this.#mapBytes.added();
    } else {
      if (map.get(field) === moment) return;
      map.set(field, moment);
    }
    this.#toHeap(moment, field);
    if (this.#heap.size > 2 * this.count + STALE_MIN) this.#rebuild();
  }

  /** False when the field had none. */
  remove(source: Uint8Array, start: number, end: number): boolean {
    if (this.count === 0) return false;
    const field = latin1(source, start, end);
    const map = this.#mapWith(field);
    if (map === undefined) return false;
    map.delete(field);
    this.#mapBytes.removed();
    this.count--;
    if (this.count === 0) {
      this.#heap.clear();
      this.#nameBytes = 0;
    } else if (this.#heap.size > 2 * this.count + STALE_MIN) {
      this.#rebuild();
    }
    return true;
  }

  /** At most `most` of the fields whose moment is before `now`, the first ones first. */
  before(now: number, most: number): Uint8Array[] {
    const due: string[] = [];
    while (due.length < most && this.first < now) due.push(this.#takeFirst());
    // They keep their moments until somebody removes them.
    const names = [...new Set(due)];
    for (const field of names) this.#toHeap(this.#get(field)!, field);
    return names.map(fromLatin1);
  }

  #get(field: string): number | undefined {
    for (const map of this.#maps) {
      const moment = map.get(field);
      if (moment !== undefined) return moment;
    }
    return undefined;
  }

  #mapWith(field: string): Map<string, number> | undefined {
    for (const map of this.#maps) if (map.has(field)) return map;
    return undefined;
  }

  #mapWithRoom(): Map<string, number> {
    for (const map of this.#maps) if (map.size < MAP_SIZE_MAX) return map;
    const map = new Map<string, number>();
    this.#maps.push(map);
    return map;
  }

  #toHeap(moment: number, field: string): void {
    this.#heap.add(moment, field);
    this.#nameBytes += stringBytes(field.length);
  }

  #takeFirst(): string {
    const field = this.#heap.take();
    this.#nameBytes -= stringBytes(field.length);
    return field;
  }

  /** Until the first of the heap is a moment that its field has. */
  #passStale(): void {
    const heap = this.#heap;
    while (heap.size > 0 && this.#get(heap.firstItem!) !== heap.first) this.#takeFirst();
  }

  #rebuild(): void {
    const all: [string, number][] = [];
    for (const map of this.#maps) for (const each of map) all.push(each);
    this.#heap.fill(all);
    this.#nameBytes = 0;
    for (const [field] of all) this.#nameBytes += stringBytes(field.length);
  }
}
