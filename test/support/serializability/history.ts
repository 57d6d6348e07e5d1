/**
 * What concurrent clients did and saw, as the checker takes it.
 *
 * All clients run in one process, and what they send and receive is numbered by one clock of events; so it is known
 * exactly which transactions were over before others began. Writes are `APPEND key id`, with ids that are unique and all
 * of one length, and a key's value is therefore the list of its writes in their order: each read shows the whole history
 * of the key, and each reply to an APPEND, a length, tells the place of the write (Kingsbury and Alvaro, "Elle: Inferring
 * Isolation Anomalies from Experimental Observations", VLDB 2020: list-append).
 */

/** One thing that a transaction did to a key, or saw of it. Versions count appends: version 0 is a key without value. */
export type Operation =
  /**
   * `position` counts from 0 and is known with the reply. A refused append must leave no trace; a conditional one whose
   * reply is not known may have been refused.
   */
  | {
      readonly kind: 'append';
      readonly key: string;
      readonly id: string;
      readonly position?: number | undefined;
      readonly isRefused?: boolean;
      readonly isConditional?: boolean;
    }
  | { readonly kind: 'read'; readonly key: string; readonly ids: readonly string[] }
  | { readonly kind: 'length'; readonly key: string; readonly version: number }
  | { readonly kind: 'exists'; readonly key: string; readonly exists: boolean }
  /** COPY to a key that nothing else writes. `isDone` is what it was answered; undefined: nothing. */
  | {
      readonly kind: 'copy';
      readonly from: string;
      readonly to: string;
      readonly isDone: boolean | undefined;
    }
  /** A reply that no order can explain. */
  | { readonly kind: 'strange'; readonly text: string };

/** `unknown`: nobody told whether it happened, because the connection was lost. */
export type Outcome = 'committed' | 'aborted' | 'unknown';

export interface Transaction {
  readonly client: number;
  /** Times of the clock of events; Infinity where no answer came. */
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly outcome: Outcome;
  /** In the order in which they ran. */
  readonly operations: readonly Operation[];
  /** How the client asked for it, for reports. */
  readonly title: string;
}

/** The transactions of a client stand in the order in which it sent them, also when it did not wait for answers. */
export type History = readonly Transaction[];

const ID_CHARACTERS = 6;
/** Each id ends with it, so that values can be read by people. */
const END = ',';

/** The bytes of the id with this number. */
export function idOf(number: number): string {
  return number.toString(36).padStart(ID_CHARACTERS - END.length, '0') + END;
}

/** The ids of which a value consists; undefined when it is no list of ids. */
export function idsOf(value: string): string[] | undefined {
  if (value.length % ID_CHARACTERS !== 0) return undefined;
  const ids: string[] = [];
  for (let at = 0; at < value.length; at += ID_CHARACTERS) {
    const id = value.slice(at, at + ID_CHARACTERS);
    if (!id.endsWith(END)) return undefined;
    ids.push(id);
  }
  return ids;
}

/** How many appends a value of this length has; undefined when it has no such length. */
export function versionOf(length: number): number | undefined {
  return length % ID_CHARACTERS === 0 ? length / ID_CHARACTERS : undefined;
}
