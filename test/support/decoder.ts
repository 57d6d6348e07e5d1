/**
 * Decodes RESP2 and RESP3 replies, in one of two forms: as plain values for tests that state what a reply
 * is, or as exact ones (every type of the protocol apart) for tests that compare two servers.
 */

/** An error reply; `message` is its whole text, the code included. */
export class ReplyError extends Error {
  override name = 'ReplyError';
}

/** Maps, sets and pushes of exact replies; all other types are text with their type byte in front. */
export interface ExactAggregate {
  readonly type: 'map' | 'set' | 'push' | 'attribute';
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

export class ReplyDecoder {
  readonly #exact: boolean;
  #bytes: Buffer = Buffer.alloc(0);
  #position = 0;
  /** No reply can be complete before this many bytes are there: saves parsing a long one again and again. */
  #needed = 0;

  constructor(exact = false) {
    this.#exact = exact;
  }

  append(chunk: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#position);
    this.#bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    this.#needed -= this.#position;
    this.#position = 0;
  }

  /** How many bytes have not been decoded or taken. */
  get buffered(): number {
    return this.#bytes.length - this.#position;
  }

  /** The byte that the next reply begins with, or undefined. */
  get typeByte(): string | undefined {
    return this.buffered === 0 ? undefined : String.fromCharCode(this.#bytes[this.#position]!);
  }

  /** Takes `count` bytes (or all that are there) without decoding them. */
  takeRaw(count: number = this.buffered): string {
    const end = this.#position + Math.min(count, this.buffered);
    const taken = this.#bytes.toString('latin1', this.#position, end);
    this.#position = end;
    return taken;
  }

  /** The next reply or push. Throws when the bytes are not RESP. */
  next(): Reply | Push | typeof INCOMPLETE {
    if (this.#bytes.length < this.#needed) return INCOMPLETE;
    const start = this.#position;
    const reply = this.#value();
    if (reply === INCOMPLETE) this.#position = start;
    return reply;
  }

  #line(): string | typeof INCOMPLETE {
    const end = this.#bytes.indexOf(CR, this.#position);
    if (end < 0 || end + 1 >= this.#bytes.length) return INCOMPLETE;
    const line = this.#bytes.toString('latin1', this.#position, end);
    if (this.#bytes[end + 1] !== 10) throw new Error(`a line of a reply does not end in CRLF: ${line}`);
    this.#position = end + 2;
    return line;
  }

  #value(): Reply | Push | typeof INCOMPLETE {
    const line = this.#line();
    if (line === INCOMPLETE) return INCOMPLETE;
    const text = line.slice(1);
    switch (line[0]) {
      case '$':
      case '=':
        return this.#bulk(line);
      case '*':
      case '~':
      case '>':
      case '%':
      case '|':
        return this.#aggregate(line[0], Number(text));
    }
    return this.#exact ? exactLine(line) : plainLine(line);
  }

  #bulk(line: string): Reply | typeof INCOMPLETE {
    if (line === '$-1') return this.#exact ? line : null;
    const length = Number(line.slice(1));
    if (!Number.isSafeInteger(length) || length < 0) throw new Error(`not a bulk string: ${line}`);
    const end = this.#position + length;
    if (this.#bytes.length < end + 2) {
      this.#needed = end + 2;
      return INCOMPLETE;
    }
    const text = this.#bytes.toString('latin1', this.#position, end);
    if (this.#bytes[end] !== CR || this.#bytes[end + 1] !== 10) {
      throw new Error(`a bulk string of ${length} bytes does not end in CRLF`);
    }
    this.#position = end + 2;
    if (this.#exact) return line[0] + text;
    return line[0] === '=' ? text.slice(4) : text;
  }

  #aggregate(type: string, count: number): Reply | Push | typeof INCOMPLETE {
    if (count === -1 && type === '*') return this.#exact ? '*-1' : null;
    if (!Number.isSafeInteger(count) || count < 0) throw new Error(`not a count: ${type}${count}`);
    const items: Reply[] = [];
    for (let left = type === '%' || type === '|' ? count * 2 : count; left > 0; left--) {
      const item = this.#value();
      if (item === INCOMPLETE) return INCOMPLETE;
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
