/**
 * The versions of each key, in their order, from what was read and answered; and what is wrong already because no order
 * of versions fits.
 */
import { type Anomaly, plainAnomaly, shortId } from './anomaly.ts';
import type { History, Operation, Transaction } from './history.ts';

/** A transaction with what it did, copies told as reads of what was copied. */
export interface Event {
  readonly transaction: Transaction;
  readonly operations: readonly Operation[];
}

export interface Versions {
  /** Those that happened, in the order of the history. */
  readonly events: readonly Event[];
  /** By key, who appended each element; undefined where nobody saw it. */
  readonly writers: ReadonlyMap<string, readonly (Event | undefined)[]>;
  /** By key that is the target of a COPY, who copied. */
  readonly copiers: ReadonlyMap<string, Event>;
  readonly anomalies: readonly Anomaly[];
}

interface Append {
  readonly transaction: Transaction;
  readonly key: string;
  readonly id: string;
  readonly isRefused: boolean;
  readonly isConditional: boolean;
  readonly position: number | undefined;
}

interface Copy {
  readonly by: Transaction;
  readonly from: string;
  readonly isDone: boolean | undefined;
}

interface LongestRead {
  ids: readonly string[];
  by: Transaction;
}

class Finder {
  readonly anomalies: Anomaly[] = [];
  readonly #history: History;
  readonly #appends = new Map<string, Append>();
  readonly #longest = new Map<string, LongestRead>();
  /** By target, the COPY. */
  readonly #copies = new Map<string, Copy>();
  /** By target of a COPY, each different content that was seen there. */
  readonly #contents = new Map<string, Map<string, readonly string[]>>();

  constructor(history: History) {
    this.#history = history;
  }

  find(): Versions {
    for (const transaction of this.#history) {
      for (const operation of transaction.operations) this.#note(transaction, operation);
    }
    for (const transaction of this.#history) {
      for (const operation of transaction.operations) {
        if (operation.kind === 'read') this.#take(transaction, operation.key, operation.ids);
      }
    }
    // What was seen in the target of a COPY is what the COPY read.
    for (const [to, contents] of this.#contents) {
      const { by, from } = this.#copies.get(to)!;
      for (const ids of contents.values()) this.#take(by, from, ids);
    }
    const order = this.#order();
    const events = new Map<Transaction, Event>();
    for (const transaction of this.#history) {
      if (this.#happened(transaction, order)) events.set(transaction, this.#eventOf(transaction));
    }
    const writers = new Map(
      [...order].map(([key, ids]) => [
        key,
        ids.map((id) => events.get(this.#appends.get(id ?? '')?.transaction as Transaction)),
      ]),
    );
    const copiers = new Map(
      [...this.#copies].flatMap(([to, { by, isDone }]) => {
        const event = events.get(by);
        const hasCopied = isDone === true || this.#contents.has(to);
        return event === undefined || !hasCopied ? [] : [[to, event] as const];
      }),
    );
    return { events: [...events.values()], writers, copiers, anomalies: this.anomalies };
  }

  #note(transaction: Transaction, operation: Operation): void {
    if (operation.kind === 'strange') this.#add('strange reply', operation.text, transaction);
    if (operation.kind === 'copy') {
      this.#copies.set(operation.to, { ...operation, by: transaction });
    }
    if (operation.kind !== 'append') return;
    const { key, id, position, isRefused = false, isConditional = false } = operation;
    this.#appends.set(id, {
      transaction,
      key,
      id,
      position,
      isConditional,
      isRefused: isRefused || transaction.outcome === 'aborted',
    });
  }

  /** Takes what a read showed. */
  #take(reader: Transaction, key: string, ids: readonly string[]): void {
    const copy = this.#copies.get(key);
    if (copy !== undefined) {
      if (ids.length === 0) return;
      if (copy.by.outcome === 'aborted' || copy.isDone === false) {
        this.#add('G1a (aborted read)', `${key} was read, whose COPY did not happen`, copy.by, reader);
      }
      const contents = this.#contents.get(key) ?? new Map<string, readonly string[]>();
      this.#contents.set(key, contents.set(ids.join(), ids));
      return;
    }
    this.#judge(reader, key, ids);
    const longest = this.#longest.get(key);
    if (longest === undefined) {
      this.#longest.set(key, { ids, by: reader });
      return;
    }
    const [short, long] = ids.length < longest.ids.length ? [ids, longest.ids] : [longest.ids, ids];
    const differing = short.findIndex((id, at) => id !== long[at]);
    if (differing >= 0) {
      const what = `of two reads of ${key} neither is a beginning of the other: they differ at ${differing}`;
      this.#add('incompatible order', what, longest.by, reader);
    }
    if (ids.length > longest.ids.length) this.#longest.set(key, { ids, by: reader });
  }

  /** Each id of a value must come from an append to this key that happened, once. */
  #judge(reader: Transaction, key: string, ids: readonly string[]): void {
    const seen = new Set<string>();
    for (const id of ids) {
      if (seen.has(id)) this.#add('duplicate', `${key} has ${shortId(id)} twice`, reader);
      seen.add(id);
      const append = this.#appends.get(id);
      if (append === undefined || append.key !== key) {
        this.#add('phantom', `nobody appended ${shortId(id)} to ${key}`, reader);
      } else if (append.isRefused) {
        const what = `${shortId(id)} of ${key} was read, which did not happen`;
        this.#add('G1a (aborted read)', what, append.transaction, reader);
      }
    }
  }

  /** The ids of each key by their places, from the longest read and from the replies to appends. */
  #order(): Map<string, (string | undefined)[]> {
    const order = new Map<string, (string | undefined)[]>();
    for (const [key, { ids }] of this.#longest) order.set(key, [...ids]);
    const placed = new Set<Append>();
    for (const [key, ids] of order) {
      for (const id of ids) {
        const append = this.#appends.get(id ?? '');
        if (append?.key === key) placed.add(append);
      }
    }
    for (const append of this.#appends.values()) {
      const { key, id, position, transaction, isRefused } = append;
      if (isRefused || position === undefined) continue;
      const ids = order.get(key) ?? [];
      order.set(key, ids);
      const there = ids[position];
      if (there === id) continue;
      if (there !== undefined) {
        const other = this.#appends.get(there);
        const what = `the append of ${shortId(id)} to ${key} was answered with place ${position}, where ${shortId(there)} is`;
        this.#add('lost append', what, transaction, ...(other === undefined ? [] : [other.transaction]));
        continue;
      }
      if (placed.has(append)) {
        this.#add('lost append', `${shortId(id)} of ${key} is not where its reply says`, transaction);
        continue;
      }
      ids[position] = id;
      placed.add(append);
    }
    this.#findLost(placed);
    this.#placeUnseen(order, placed);
    return order;
  }

  /**
   * Where the reply to a transaction was lost, but some of it was seen, the rest of it must have happened too: behind all
   * that was seen. Of several such elements of a key the order is not known, and they are left out.
   */
  #placeUnseen(order: Map<string, (string | undefined)[]>, placed: ReadonlySet<Append>): void {
    const seen = new Set([...placed].map(({ transaction }) => transaction));
    const unseen = new Map<string, Append[]>();
    for (const append of this.#appends.values()) {
      const { key, transaction, isConditional } = append;
      if (transaction.outcome !== 'unknown' || isConditional || placed.has(append) || !seen.has(transaction))
        continue;
      unseen.set(key, [...(unseen.get(key) ?? []), append]);
    }
    for (const [key, [only, ...others]] of unseen) {
      if (others.length > 0) continue;
      const ids = order.get(key) ?? [];
      order.set(key, ids);
      ids.push(only!.id);
    }
  }

  /** Appends without a place, although somebody read the key when they were over. */
  #findLost(placed: ReadonlySet<Append>): void {
    const missing = [...this.#appends.values()].filter(
      (append) => !append.isRefused && append.transaction.outcome === 'committed' && !placed.has(append),
    );
    for (const { key, id, transaction, position } of missing) {
      if (position !== undefined) continue;
      const reader = this.#history.find(
        (other) =>
          other.sentAt > transaction.answeredAt &&
          other.operations.some((operation) => operation.kind === 'read' && operation.key === key),
      );
      if (reader === undefined) continue;
      this.#add('lost append', `${shortId(id)} is not in ${key}`, transaction, reader);
    }
  }

  #happened(transaction: Transaction, order: ReadonlyMap<string, readonly (string | undefined)[]>): boolean {
    if (transaction.outcome !== 'unknown') return transaction.outcome === 'committed';
    return transaction.operations.some(
      (operation) =>
        (operation.kind === 'append' && order.get(operation.key)?.includes(operation.id) === true) ||
        (operation.kind === 'copy' && this.#contents.has(operation.to)),
    );
  }

  #eventOf(transaction: Transaction): Event {
    const operations = transaction.operations.flatMap((operation): Operation[] => {
      if (operation.kind !== 'copy') return [operation];
      const { from: key, to, isDone } = operation;
      if (isDone === false) return [operation, { kind: 'exists', key, exists: false }];
      const contents = [...(this.#contents.get(to)?.values() ?? [])];
      const reads = contents.map((ids): Operation => ({ kind: 'read', key, ids }));
      return isDone === undefined
        ? [operation, ...reads]
        : [operation, { kind: 'exists', key, exists: true }, ...reads];
    });
    return { transaction, operations };
  }

  #add(kind: string, what: string, ...involved: readonly Transaction[]): void {
    this.anomalies.push(plainAnomaly(kind, what, ...involved));
  }
}

export function findVersions(history: History): Versions {
  return new Finder(history).find();
}
