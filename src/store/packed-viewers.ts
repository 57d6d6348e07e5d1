/** Packed collections are bytes in their entries: here are the objects through which they are read and changed. */
import { type Collection, type CollectionLimits, isPacked, type Packable } from '../types/collection.ts';
import { createCollection } from '../types/create.ts';

const NO_BYTES = new Uint8Array(0);

/** One object for each type, used for one packed collection after the other. Who needs two at once has two of these. */
export class PackedViewers {
  readonly #limits: CollectionLimits;
  readonly #byType: (Packable | undefined)[] = [];

  constructor(limits: CollectionLimits) {
    this.#limits = limits;
  }

  /** The packed collection in `bytes[start, end)`. */
  open(type: number, bytes: Uint8Array, start: number, end: number): Packable {
    const viewer = this.#byType[type];
    // One that has grown out of its form is somebody else's now.
    const packed = viewer?.isPacked === true ? viewer : this.#create(type);
    packed.view(bytes, start, end);
    return packed;
  }

  /** A collection of any type that has nothing yet. */
  openEmpty(type: number): Collection {
    const viewer = this.#byType[type];
    if (viewer?.isPacked !== true) return this.#create(type);
    viewer.view(NO_BYTES, 0, 0);
    return viewer;
  }

  /** Forgets the bytes that were shown last, so that nothing keeps them. */
  letGo(): void {
    for (const viewer of this.#byType) if (viewer?.isPacked === true) viewer.view(NO_BYTES, 0, 0);
  }

  #create(type: number): Packable {
    const collection = createCollection(type, this.#limits);
    if (isPacked(collection)) this.#byType[type] = collection;
    return collection as Packable;
  }
}
