/**
 * Decodes RESP2 and RESP3 replies, in one of two forms: as plain values for tests that state what a reply
 * is, or as exact ones (every type of the protocol apart) for tests that compare two servers.
 */

/** An error reply; `message` is its whole text, the code included. */
export class ReplyError extends Error {
  override name = 'ReplyError';
}

/** Maps and sets of exact replies; all other types are text with their type byte in front. */
export interface ExactAggregate {
  readonly type: 'map' | 'set';
  readonly items: readonly Reply[];
}

/** Bulk, simple and verbatim strings are latin1: one character a byte. */
export type Reply =
  | string
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>
  | ExactAggregate;

/** Out-of-band data of RESP3, such as an invalidation. */
export class Push {
  readonly items: Reply[];
  constructor(items: Reply[]) {
    this.items = items;
  }
}

/** What `ReplyDecoder.next` returns while a reply is not complete. */
export const INCOMPLETE = Symbol('incomplete');

const CR = 13;
const LF = 10;

export class ReplyDecoder {
  readonly #exact: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #position = 0;
  /** What came and is not yet joined to `#bytes`: a long reply is joined once, not with each chunk. */
  readonly #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  /** No reply can be complete before this many bytes are buffered. */
  #needed = 0;

  constructor(exact = false) {
    this.#exact = exact;
  }

  append(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
  }

  /** How many bytes have not been decoded or taken. */
  get buffered(): number {
    return this.#bytes.length - this.#position + this.#chunkBytes;
  }

  /** The byte that the next reply begins with, or undefined. */
  get typeByte(): string | undefined {
    const byte = this.#bytes[this.#position] ?? this.#chunks[0]?.[0];
    return byte === undefined ? undefined : String.fromCharCode(byte);
  }

  /** Takes `count` bytes (or all that are there) without decoding them. */
  takeRaw(count: number = this.buffered): string {
    this.#join();
    const end = this.#position + Math.min(count, this.buffered);
    const taken = this.#bytes.toString('latin1', this.#position, end);
    this.#position = end;
    this.#needed = 0;
    return taken;
  }

  /** The next reply or push. Throws when the bytes are not RESP. */
  next(): Reply | Push | typeof INCOMPLETE {
    if (this.buffered < this.#needed) return INCOMPLETE;
    this.#join();
    this.#needed = 0;
    // Whether a reply is complete is found without making strings, which would be made again with each chunk.
    return this.#isComplete() ? this.#value() : INCOMPLETE;
  }

  #join(): void {
    if (this.#chunks.length === 0) return;
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#position), ...this.#chunks.splice(0)]);
    this.#position = 0;
    this.#chunkBytes = 0;
  }

  #isComplete(): boolean {
    let at = this.#position;
    for (let left = 1; left > 0; left--) {
      const lineEnd = this.#bytes.indexOf(CR, at);
      if (lineEnd < 0 || lineEnd + 1 >= this.#bytes.length) return false;
      const type = String.fromCharCode(this.#bytes[at]!);
      const isSized = '$=*~>%|'.includes(type);
      const count = isSized ? Number(this.#bytes.toString('latin1', at + 1, lineEnd)) : 0;
      at = lineEnd + 2;
      if (type === '$' || type === '=') {
        if (count < 0) continue;
        at += count + 2;
        if (at > this.#bytes.length) {
          this.#needed = at - this.#position;
          return false;
        }
      } else if (isSized) {
        // After attributes comes the reply that they belong to.
        left += type === '%' ? count * 2 : type === '|' ? count * 2 + 1 : Math.max(0, count);
      }
    }
    return true;
  }

  #line(): string {
    const end = this.#bytes.indexOf(CR, this.#position);
    const line = this.#bytes.toString('latin1', this.#position, end);
    if (this.#bytes[end + 1] !== LF) throw new Error(`a line of a reply does not end in CRLF: ${line}`);
    this.#position = end + 2;
    return line;
  }

  /** Decodes the reply at the position, which is there as a whole. */
  #value(): Reply | Push {
    const line = this.#line();
    const type = line[0] ?? '';
    if (type === '$' || type === '=') return this.#bulk(line);
    if (type !== '' && '*~>%|'.includes(type)) return this.#aggregate(type, Number(line.slice(1)));
    return this.#exact ? exactLine(line) : plainLine(line);
  }

  #bulk(line: string): Reply {
    if (line === '$-1') return this.#exact ? line : null;
    const length = Number(line.slice(1));
    if (!Number.isSafeInteger(length) || length < 0) throw new Error(`not a bulk string: ${line}`);
    const end = this.#position + length;
    const text = this.#bytes.toString('latin1', this.#position, end);
    if (this.#bytes[end] !== CR || this.#bytes[end + 1] !== LF) {
      throw new Error(`a bulk string of ${length} bytes does not end in CRLF`);
    }
    this.#position = end + 2;
    if (this.#exact) return line[0] + text;
    return line[0] === '=' ? text.slice(4) : text;
  }

  #aggregate(type: string, count: number): Reply | Push {
    if (count === -1 && type === '*') return this.#exact ? '*-1' : null;
    if (!Number.isSafeInteger(count) || count < 0) throw new Error(`not a count: ${type}${count}`);
    const items: Reply[] = [];
    for (let left = type === '%' || type === '|' ? count * 2 : count; left > 0; left--) {
      const item = this.#value();
      if (item instanceof Push) throw new Error('a push stands within a reply');
      items.push(item);
    }
    if (type === '|') return this.#value();
    if (type === '*') return items;
    if (type === '>') return new Push(items);
    if (this.#exact) return { type: type === '%' ? 'map' : 'set', items };
    if (type === '~') return new Set(items);
    const map = new Map<Reply, Reply>();
    for (let i = 0; i < items.length; i += 2) map.set(items[i]!, items[i + 1]!);
    return map;
  }
}

function plainLine(line: string): Reply {
  const text = line.slice(1);
  switch (line[0]) {
    case '+':
      return text;
    case '-':
      return new ReplyError(text);
    case ':':
      return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
    case '_':
      return null;
    case '#':
      return text === 't';
    case '(':
      return BigInt(text);
    case ',':
      return text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text);
  }
  throw new Error(`not a reply: ${line}`);
}

function exactLine(line: string): Reply {
  if (!'+-:_#(,'.includes(line[0] ?? ' ')) throw new Error(`not a reply: ${line}`);
  return line;
}
