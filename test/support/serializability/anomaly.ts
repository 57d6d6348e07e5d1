/** What is wrong with a history, and how people read it. */
import type { Operation, Transaction } from './history.ts';

export interface Anomaly {
  /** The name of the phenomenon, of Adya's or Elle's where they have one. */
  readonly kind: string;
  /** The whole story, in several lines. */
  readonly text: string;
}

const IDS_SHOWN_MAX = 8;

/** An id without what only makes all of them alike. */
export function shortId(id: string): string {
  return id.replace(/^0+(?=[^,])/, '').replace(/,$/, '');
}

function showIds(ids: readonly string[]): string {
  const last = ids.slice(-IDS_SHOWN_MAX).map(shortId).join(' ');
  return ids.length > IDS_SHOWN_MAX ? `[${ids.length - IDS_SHOWN_MAX} more, ${last}]` : `[${last}]`;
}

function showOperation(operation: Operation): string {
  switch (operation.kind) {
    case 'append': {
      const place =
        operation.isRefused === true
          ? ' refused'
          : operation.position === undefined
            ? ''
            : ` at ${operation.position}`;
      return `append ${operation.key} ${shortId(operation.id)}${place}`;
    }
    case 'read':
      return `read ${operation.key} ${showIds(operation.ids)}`;
    case 'length':
      return `length ${operation.key} ${operation.version}`;
    case 'exists':
      return `${operation.exists ? 'exists' : 'absent'} ${operation.key}`;
    case 'copy':
      return `copy ${operation.from} ${operation.to} ${operation.isDone ?? 'unanswered'}`;
    case 'strange':
      return operation.text;
  }
}

const OPERATIONS_SHOWN_MAX = 8;

/** One line about a transaction; of a long one, only what it has to do with `keys`. */
export function showTransaction(
  transaction: Transaction,
  keys: readonly (string | undefined)[] = [],
): string {
  const { client, sentAt, answeredAt, outcome, operations, title } = transaction;
  const result = outcome === 'committed' ? '' : ` ${outcome}`;
  const isNamed = (operation: Operation) =>
    operation.kind === 'strange' ||
    (operation.kind === 'copy'
      ? keys.includes(operation.from) || keys.includes(operation.to)
      : keys.includes(operation.key));
  const isShort = operations.length <= OPERATIONS_SHOWN_MAX;
  const shown = isShort ? operations : operations.filter(isNamed).slice(0, OPERATIONS_SHOWN_MAX);
  const left = operations.length - shown.length;
  const rest = left > 0 ? `; and ${left} more` : '';
  return `client ${client}, ${sentAt}–${answeredAt}, ${title}${result}: ${shown.map(showOperation).join('; ')}${rest}`;
}

/** An anomaly that is plain without looking for cycles. */
export function plainAnomaly(kind: string, what: string, ...involved: readonly Transaction[]): Anomaly {
  return {
    kind,
    text: [`${kind}: ${what}`, ...involved.map((one) => `  ${showTransaction(one)}`)].join('\n'),
  };
}
