/**
 * Which transaction must stand before which, if there is one order that explains a history.
 *
 * From the versions of the keys follow three kinds of dependencies (Adya, Liskov and O'Neil, "Generalized Isolation Level
 * Definitions", ICDE 2000): `ww` to the writer of the next version, `wr` from the writer to who read its version, and
 * `rw` from a reader to the writer of the next version. Besides, the transactions of a client stand in the order in which
 * it sent them, and what was answered stands before what was sent later.
 *
 * Answers before requests are a quadratic number of pairs. Instead each answer gets a moment, a node of its own, with an
 * edge to the next moment; and each request has an edge from the last moment before it. Paths through moments are those
 * pairs.
 */
import { type Anomaly, plainAnomaly, shortId } from './anomaly.ts';
import type { Event, Versions } from './versions.ts';

export type Relation = 'ww' | 'wr' | 'rw' | 'client' | 'time';

export interface Edge {
  readonly to: number;
  readonly relation: Relation;
  readonly key?: string;
  /** Why, to stand between the lines of two transactions. Empty within moments. */
  readonly reason: () => string;
}

export interface Dependencies {
  readonly events: readonly Event[];
  /** By node: the events, then moments. */
  readonly edges: readonly (readonly Edge[])[];
  /** What is wrong within single transactions. */
  readonly anomalies: readonly Anomaly[];
}

const NO_REASON = () => '';

class Builder {
  readonly #versions: Versions;
  readonly #numbers: ReadonlyMap<Event, number>;
  readonly #edges: Edge[][];
  readonly #anomalies: Anomaly[] = [];

  constructor(versions: Versions) {
    this.#versions = versions;
    this.#numbers = new Map(versions.events.map((event, number) => [event, number]));
    this.#edges = versions.events.map(() => []);
  }

  build(): Dependencies {
    for (const [key, writers] of this.#versions.writers) this.#addWrites(key, writers);
    for (const event of this.#versions.events) this.#addReads(event);
    this.#addClients();
    this.#addTime();
    return { events: this.#versions.events, edges: this.#edges, anomalies: this.#anomalies };
  }

  #add(
    from: Event | undefined,
    to: Event | undefined,
    relation: Relation,
    reason: () => string,
    key?: string,
  ): void {
    if (from === undefined || to === undefined || from === to) return;
    const edge = { to: this.#numbers.get(to)!, relation, reason };
    this.#edges[this.#numbers.get(from)!]!.push(key === undefined ? edge : { ...edge, key });
  }

  #addWrites(key: string, writers: readonly (Event | undefined)[]): void {
    let before: Event | undefined;
    for (let place = 0; place < writers.length; place++) {
      const writer = writers[place];
      if (writer === undefined) continue;
      this.#add(
        before,
        writer,
        'ww',
        () => `appended to ${key} before place ${place}, which was appended by`,
      );
      before = writer;
    }
  }

  #addReads(event: Event): void {
    /** By key, how much the transaction itself must see of it by now. */
    const own = new Map<string, number>();
    for (const operation of event.operations) {
      if (operation.kind === 'append' && operation.isRefused !== true && operation.position !== undefined) {
        own.set(operation.key, operation.position + 1);
      } else if (operation.kind === 'read') {
        const { key, ids } = operation;
        if (this.#addCopied(event, key, ids.length > 0)) continue;
        this.#checkOwn(event, own, key, ids.length);
        this.#addRead(event, key, ids.length);
      } else if (operation.kind === 'length') {
        this.#checkOwn(event, own, operation.key, operation.version);
        this.#addRead(event, operation.key, operation.version);
      } else if (operation.kind === 'exists') {
        const { key, exists } = operation;
        const [first] = this.#versions.writers.get(key) ?? [];
        this.#checkOwn(event, own, key, exists ? Infinity : 0);
        if (exists) this.#add(first, event, 'wr', () => `began ${key}, which existed for`, key);
        else this.#add(event, first, 'rw', () => `found no ${key}, which was begun by`, key);
      }
    }
  }

  /** A transaction sees what it has done before, and not what it does later. */
  #checkOwn(event: Event, own: ReadonlyMap<string, number>, key: string, version: number): void {
    const seen = own.get(key) ?? 0;
    const what = `of ${key} a transaction must see its own ${seen} elements, and sees ${version}`;
    if (version < seen) this.#anomalies.push(plainAnomaly('internal', what, event.transaction));
    if (version === Infinity) return;
    const later = event.operations.find(
      (operation) =>
        operation.kind === 'append' &&
        operation.key === key &&
        operation.position !== undefined &&
        operation.position >= seen &&
        operation.position < version,
    );
    if (later?.kind !== 'append') return;
    const early = `${shortId(later.id)} is read from ${key} before it is appended`;
    this.#anomalies.push(plainAnomaly('internal', early, event.transaction));
  }

  #addRead(event: Event, key: string, version: number): void {
    const writers = this.#versions.writers.get(key) ?? [];
    const place = `place ${version - 1} of ${key}`;
    if (version > 0)
      this.#add(writers[version - 1], event, 'wr', () => `appended ${place}, which was seen by`, key);
    this.#add(
      event,
      writers[version],
      'rw',
      () => `saw ${version} of ${key}, and the next was appended by`,
      key,
    );
  }

  /** True when the key is the target of a COPY. */
  #addCopied(event: Event, key: string, isThere: boolean): boolean {
    const copier = this.#versions.copiers.get(key);
    if (copier === undefined) return false;
    if (isThere) this.#add(copier, event, 'wr', () => `copied to ${key}, which was seen by`, key);
    else this.#add(event, copier, 'rw', () => `found no ${key}, which was copied by`, key);
    return true;
  }

  #addClients(): void {
    const last = new Map<number, Event>();
    for (const event of this.#versions.events) {
      const { client } = event.transaction;
      this.#add(last.get(client), event, 'client', () => `was sent by client ${client} before`);
      last.set(client, event);
    }
  }

  #addTime(): void {
    const moments: { atEvent: number; readonly isAnswer: boolean; readonly event: number }[] = [];
    this.#versions.events.forEach(({ transaction: { sentAt, answeredAt } }, event) => {
      moments.push({ atEvent: sentAt, isAnswer: false, event });
      if (answeredAt !== Infinity) moments.push({ atEvent: answeredAt, isAnswer: true, event });
    });
    // A request at the time of an answer is not behind it.
    moments.sort((a, b) => a.atEvent - b.atEvent || Number(a.isAnswer) - Number(b.isAnswer));
    let last: number | undefined;
    for (const { isAnswer, event } of moments) {
      if (!isAnswer) {
        if (last !== undefined) this.#edges[last]!.push({ to: event, relation: 'time', reason: NO_REASON });
        continue;
      }
      const moment = this.#edges.length;
      this.#edges.push([]);
      this.#edges[event]!.push({
        to: moment,
        relation: 'time',
        reason: () => 'was answered before a request of',
      });
      if (last !== undefined) this.#edges[last]!.push({ to: moment, relation: 'time', reason: NO_REASON });
      last = moment;
    }
  }
}

export function findDependencies(versions: Versions): Dependencies {
  return new Builder(versions).build();
}
