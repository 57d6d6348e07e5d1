/** Reads all that a server holds. */

import type { Reply } from '../../protocol/reply-decoder.ts';
import { Connection } from '../connection.ts';
import type { Observation } from './check.ts';
import type { FoundState } from './effects.ts';
import { exchangeAll, lineOf } from './exchange.ts';

const BATCH_KEYS = 500;

/** Whether the server has transactions. Rejects with ConnectionError. */
export async function knowsTransactions(port: number): Promise<boolean> {
  const connection = await Connection.open({ host: '127.0.0.1', port, db: 0 });
  try {
    const replies = await exchangeAll(connection, [['MULTI'], ['EXEC']]);
    return replies.map(lineOf).join() === '+OK,[]';
  } finally {
    connection.destroy();
  }
}

async function allKeys(connection: Connection): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = '0';
  do {
    const [reply] = await exchangeAll(connection, [['SCAN', cursor, 'COUNT', '1000']]);
    if (reply?.type !== 'array') throw new Error(`SCAN was answered ${lineOf(reply!)}`);
    const [next, found] = reply.items;
    cursor = next !== undefined && 'text' in next ? next.text : '0';
    for (const key of found !== undefined && 'items' in found ? found.items : []) {
      if ('text' in key) keys.add(key.text);
    }
  } while (cursor !== '0');
  return [...keys];
}

/** Undefined: there is no such key. What is no string is shown by the error that reading it is answered with. */
function stateOf(value: Reply, expiry: Reply): FoundState | undefined {
  if (value.type === 'null') return undefined;
  const text = value.type === 'bulk' ? value.text : lineOf(value);
  if (expiry.type !== 'integer') throw new Error(`PEXPIRETIME was answered ${lineOf(expiry)}`);
  const expiryMs = Number(expiry.text);
  // Between the two commands it may have expired.
  if (expiryMs === -2) return undefined;
  return { value: text, ...(expiryMs >= 0 && { expiryMs }) };
}

/**
 * Reads every key of database 0: those that the server lists, and `known` ones in case it does not list them all.
 * Rejects with ConnectionError, or an Error for a server that does not do it.
 */
export async function observe(port: number, known: Iterable<string>): Promise<Observation> {
  const connection = await Connection.open({ host: '127.0.0.1', port, db: 0 });
  try {
    const fromMs = Date.now();
    const names = [...new Set([...(await allKeys(connection)), ...known])];
    const keys = new Map<string, FoundState>();
    for (let start = 0; start < names.length; start += BATCH_KEYS) {
      const batch = names.slice(start, start + BATCH_KEYS);
      const replies = await exchangeAll(
        connection,
        batch.flatMap((key) => [
          ['GET', key],
          ['PEXPIRETIME', key],
        ]),
      );
      batch.forEach((key, index) => {
        const state = stateOf(replies[index * 2]!, replies[index * 2 + 1]!);
        if (state !== undefined) keys.set(key, state);
      });
    }
    return { moment: { fromMs, toMs: Date.now() }, keys };
  } finally {
    connection.destroy();
  }
}
