/**
 * A connection for values that are too long for the tests' client: they are sent and received in pieces, and
 * only a digest of them is kept. It reads only when it is asked to.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';

const PIECE_BYTES = 1024 * 1024;

/** The value `name` of `length` bytes, piece by piece: each piece is different from all others. */
function* pieces(name: string, length: number): Generator<Buffer> {
  const block = Buffer.alloc(PIECE_BYTES, `${name} \0\r\n$5 `);
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const piece = Buffer.from(block.subarray(0, Math.min(PIECE_BYTES, length - at)));
    piece.write(`<${at}>`, 0, 'latin1');
    yield piece;
  }
}

/** What `Wire.bulk` returns for the value `name`. */
export function digestOf(name: string, length: number): string {
  const hash = createHash('sha1');
  for (const piece of pieces(name, length)) hash.update(piece);
  return `${length} bytes, ${hash.digest('hex')}`;
}

export class Wire {
  readonly socket: net.Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: net.Socket) {
    this.socket = socket;
    this.#chunks = socket.iterator({ destroyOnReturn: false });
  }

  static async connect(port: number): Promise<Wire> {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** Resolves when the kernel has room for more. */
  async send(bytes: Uint8Array | string): Promise<void> {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    if (!this.socket.write(buffer)) await once(this.socket, 'drain');
  }

  /** Sends a command whose words are short, or stand for a long value by its name and length. */
  async command(...words: readonly (string | readonly [name: string, length: number])[]): Promise<void> {
    await this.send(`*${words.length}\r\n`);
    for (const word of words) {
      if (typeof word === 'string') {
        await this.send(`$${word.length}\r\n${word}\r\n`);
        continue;
      }
      await this.send(`$${word[1]}\r\n`);
      for (const piece of pieces(...word)) await this.send(piece);
      await this.send('\r\n');
    }
  }

  /** The next line, without its end. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 2);
        return line;
      }
      this.#rest = Buffer.concat([this.#rest, await this.#chunk()]);
    }
  }

  /** Receives a bulk string: its length and a digest. Anything else is returned as the line it is. */
  async bulk(): Promise<string> {
    const header = await this.line();
    if (!/^\$\d+$/.test(header)) return header;
    const length = Number(header.slice(1));
    const hash = createHash('sha1');
    for (let left = length; left > 0; ) {
      if (this.#rest.length === 0) this.#rest = await this.#chunk();
      const taken = this.#rest.subarray(0, left);
      hash.update(taken);
      left -= taken.length;
      this.#rest = this.#rest.subarray(taken.length);
    }
    const end = await this.line();
    if (end !== '') throw new Error(`a bulk string goes on after its ${length} bytes: ${end.slice(0, 40)}`);
    return `${length} bytes, ${hash.digest('hex')}`;
  }

  close(): void {
    this.socket.destroy();
  }

  async #chunk(): Promise<Buffer> {
    const { done, value } = await this.#chunks.next();
    if (done) throw new Error('the server closed the connection');
    return value;
  }
}
