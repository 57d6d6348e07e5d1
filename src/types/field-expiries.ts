/**
 * The moments at which fields of a hash expire: which one a field has, and which fields come first. Only hashes that have ever
 * had such a field have one of these.
 *
 * A heap holds the moments in order. A field whose moment changes leaves its old place there, which is passed over when its
 * time has come; when such places are the larger part, the heap is built anew.
 */
import { fromLatin1, latin1 } from '../base/bytes.ts';

/** No moment. */
export const NEVER_EXPIRES = -1;

/** About what a field takes beside its name. */
const FIELD_BYTES = 96;
const OBJECT_BYTES = 400;
/** The engine's maps have an end. */
const MAP_SIZE_MAX = 1 << 23;
const STALE_MIN = 64;

export class FieldExpiries {
  readonly #maps: Map<string, number>[] = [new Map()];
  /** A heap: moments, and the fields that have, or had, them. */
  #moments: number[] = [];
  #fields: string[] = [];
  #nameBytes = 0;

  /** Fields with a moment. */
  count = 0;

  get memoryBytes(): number {
    return OBJECT_BYTES + this.count * FIELD_BYTES + this.#nameBytes;
  }

  /** The first moment; Infinity when there is none. */
  get first(): number {
    this.#passStale();
    return this.#moments.length === 0 ? Infinity : this.#moments[0]!;
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
      this.#nameBytes += field.length;
    } else {
      if (map.get(field) === moment) return;
      map.set(field, moment);
    }
    this.#push(moment, field);
    if (this.#moments.length > 2 * this.count + STALE_MIN) this.#rebuild();
  }

  /** False when the field had none. */
  remove(source: Uint8Array, start: number, end: number): boolean {
    if (this.count === 0) return false;
    const field = latin1(source, start, end);
    const map = this.#mapWith(field);
    if (map === undefined) return false;
    map.delete(field);
    this.count--;
    this.#nameBytes -= field.length;
    if (this.count === 0) {
      this.#moments = [];
      this.#fields = [];
    }
    return true;
  }

  /** At most `most` of the fields whose moment is before `now`, the first ones first. */
  before(now: number, most: number): Uint8Array[] {
    const due: string[] = [];
    while (due.length < most && this.first < now) due.push(this.#pop());
    // They keep their moments until somebody removes them.
    const names = [...new Set(due)];
    for (const field of names) this.#push(this.#get(field)!, field);
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

  /** Until the first of the heap is a moment that its field has. */
  #passStale(): void {
    while (this.#moments.length > 0 && this.#get(this.#fields[0]!) !== this.#moments[0]) this.#pop();
  }

  #push(moment: number, field: string): void {
    const moments = this.#moments;
    const fields = this.#fields;
    let at = moments.length;
    moments.push(moment);
    fields.push(field);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (moments[parent]! <= moment) break;
      moments[at] = moments[parent]!;
      fields[at] = fields[parent]!;
      at = parent;
    }
    moments[at] = moment;
    fields[at] = field;
  }

  #pop(): string {
    const moments = this.#moments;
    const fields = this.#fields;
    const first = fields[0]!;
    const moment = moments.pop()!;
    const field = fields.pop()!;
    const { length } = moments;
    if (length === 0) return first;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && moments[child + 1]! < moments[child]!) child++;
      if (moments[child]! >= moment) break;
      moments[at] = moments[child]!;
      fields[at] = fields[child]!;
      at = child;
    }
    moments[at] = moment;
    fields[at] = field;
    return first;
  }

  #rebuild(): void {
    const all: [string, number][] = [];
    for (const map of this.#maps) for (const each of map) all.push(each);
    all.sort((a, b) => a[1] - b[1]);
    // What is sorted is a heap.
    this.#fields = all.map(([field]) => field);
    this.#moments = all.map(([, moment]) => moment);
  }
}
