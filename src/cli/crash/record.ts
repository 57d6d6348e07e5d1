/**
 * A record of what was sent and acknowledged, in a file, so that a server can be killed and verified by hand.
 *
 * One JSON array a line, in the order in which things happened: `[0, connection, ms, word, …]` for a command that was
 * sent, `[1, connection, ms]` for the reply to the oldest one without a reply.
 */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isModelled } from './effects.ts';
import { History } from './history.ts';
import type { WriterLog } from './writer.ts';

const FLUSH_BYTES = 64 * 1024;

const SENT = 0;
const ACKNOWLEDGED = 1;

export class RecordFile {
  readonly #file: number;
  #lines: string[] = [];
  #bytes = 0;

  /** Throws the error of the system when the file cannot be written. */
  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  /** The log of one connection. */
  logOf(connection: number): WriterLog {
    return {
      sent: (words, nowMs) => this.#add([SENT, connection, nowMs, ...words]),
      acknowledged: (nowMs) => this.#add([ACKNOWLEDGED, connection, nowMs]),
    };
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #add(line: readonly (string | number)[]): void {
    const text = JSON.stringify(line);
    this.#lines.push(text);
    this.#bytes += text.length;
    if (this.#bytes >= FLUSH_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#lines.length > 0) writeSync(this.#file, `${this.#lines.join('\n')}\n`);
    this.#lines = [];
    this.#bytes = 0;
  }
}

/** The histories of the connections of a record. Rejects with an Error in one line for what is no record. */
export async function readRecord(path: string, lossMsMax: number): Promise<History[]> {
  const histories = new Map<number, History>();
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(path, 'utf8') })) {
    number++;
    const place = `${path}:${number}`;
    const [kind, connection, atMs, ...words] = parse(line, place);
    let history = histories.get(connection);
    if (history === undefined) {
      history = new History(lossMsMax);
      histories.set(connection, history);
    }
    if (kind === SENT && isModelled(words)) history.send(words, atMs);
    else if (kind === ACKNOWLEDGED && history.unanswered > 0) history.acknowledgeNext(atMs);
    else throw new Error(`${place} is no line of a record`);
  }
  return [...histories.values()];
}

function parse(line: string, place: string): [kind: number, connection: number, atMs: number, ...string[]] {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    throw new Error(`${place} is no line of a record`);
  }
  if (!Array.isArray(fields) || fields.length < 3) throw new Error(`${place} is no line of a record`);
  return fields as [number, number, number, ...string[]];
}
