/** What all collections have in common for whoever keeps them: values that are more than one string. */
import { ListLimits } from './list-limits.ts';
import { StreamLimits } from './stream-limits.ts';

export interface Collection {
  /** One of the TYPE_ numbers of value-types.ts. */
  readonly type: number;
  /** Elements, members or fields. */
  readonly length: number;
  /** What it takes of memory: an exact count of the buffers, with constants for the objects around them. */
  readonly memoryBytes: number;
  /** Gives its memory back: for when nobody has it any more. */
  dispose(): void;
}

/** The sizes at which collections change their form. One object for all collections of a shard; options change it. */
export class CollectionLimits {
  readonly list: ListLimits = new ListLimits();
  readonly stream: StreamLimits = new StreamLimits();
}
