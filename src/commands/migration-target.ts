/** The connection to the server that keys migrate to: commands go out in one piece, replies come as lines. */
import net from 'node:net';
import { fromLatin1 } from '../base/bytes.ts';

/** The target cannot be reached, does not answer in time, or has hung up. */
export class TargetFailed extends Error {
  readonly doing: 'connecting' | 'writing' | 'reading';

  constructor(doing: TargetFailed['doing']) {
    super(doing);
    this.doing = doing;
  }
}

/** No reply to RESTORE, SELECT or AUTH is longer. */
const LINE_BYTES_MAX = 64 * 1024;
/** Redis hears of these only when it writes. */
const FOUND_BY_WRITING = ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH'];
const LINE_END = fromLatin1('\r\n');

export class MigrationTarget {
  readonly #socket: net.Socket;
  readonly #timeoutMs: number;
  #received = '';
  #isClosed = false;
  /** Looks again at what has been received. */
  #look: () => void = () => {};

  private constructor(socket: net.Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    // A server that ends does not wait for it.
    socket.unref();
    socket.on('data', (bytes) => {
      this.#received += bytes.toString('latin1');
      if (this.#received.length > LINE_BYTES_MAX && !this.#received.includes('\r\n')) socket.destroy();
      this.#look();
    });
    const ended = () => {
      this.#isClosed = true;
      this.#look();
    };
    socket.on('error', ended);
    socket.on('end', ended);
    socket.on('close', ended);
  }

  /** `timeoutMs` is the longest wait for each step. Throws TargetFailed, as all methods do. */
  static connect(host: string, port: string, timeoutMs: number): Promise<MigrationTarget> {
    const number = Number.parseInt(port, 10);
    if (!(number > 0 && number < 65536)) return Promise.reject(new TargetFailed('connecting'));
    return new Promise((resolve, reject) => {
      const socket = new net.Socket();
      const fail = (doing: TargetFailed['doing']) => {
        clearTimeout(timer);
        socket.destroy();
        reject(new TargetFailed(doing));
      };
      const failed = ({ code }: NodeJS.ErrnoException) => {
        fail(FOUND_BY_WRITING.includes(code ?? '') ? 'writing' : 'connecting');
      };
      const timer = setTimeout(() => fail('connecting'), timeoutMs);
      socket.once('error', failed);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', failed);
        resolve(new MigrationTarget(socket, timeoutMs));
      });
      try {
        socket.connect({ host, port: number, noDelay: true });
      } catch {
        // No host can be called this.
        fail('connecting');
      }
    });
  }

  get port(): number {
    return this.#socket.remotePort ?? 0;
  }

  /** It is on this machine. */
  get isHere(): boolean {
    return this.#socket.remoteAddress === this.#socket.localAddress;
  }

  /** Sends commands. Each wait for the other side to take more is at most the timeout. */
  write(commands: readonly (readonly (Uint8Array | string)[])[]): Promise<void> {
    const parts: Uint8Array[] = [];
    for (const words of commands) {
      parts.push(fromLatin1(`*${words.length}\r\n`));
      for (const word of words) {
        const bytes = typeof word === 'string' ? fromLatin1(word) : word;
        parts.push(fromLatin1(`$${bytes.length}\r\n`), bytes, LINE_END);
      }
    }
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      const fail = () => reject(new TargetFailed('writing'));
      if (this.#isClosed) return fail();
      let left = socket.bytesWritten;
      const timer = setInterval(() => {
        // Nothing has been taken since the last look.
        if (socket.bytesWritten - socket.writableLength > left)
          left = socket.bytesWritten - socket.writableLength;
        else done(fail);
      }, this.#timeoutMs);
      const done = (then: () => void) => {
        clearInterval(timer);
        then();
      };
      // Not joined before: values may be longer together than any buffer.
      socket.cork();
      parts.forEach((part, i) => {
        if (i < parts.length - 1) socket.write(part);
        else socket.write(part, (error) => done(error ? fail : resolve));
      });
      socket.uncork();
    });
  }

  /** The next line that comes, without its end. */
  async line(): Promise<string> {
    for (const deadline = Date.now() + this.#timeoutMs; ; ) {
      const end = this.#received.indexOf('\r\n');
      if (end >= 0) {
        const line = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 2);
        return line;
      }
      const left = deadline - Date.now();
      if (this.#isClosed || left <= 0) throw new TargetFailed('reading');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#look = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
