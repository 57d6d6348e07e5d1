/** A connection with who and where it is: connects, introduces itself, runs commands and knows what they changed. */
import type { Reply } from '../protocol/reply-decoder.ts';
import { Connection, ConnectionError } from './connection.ts';
import {
  answerTo,
  type ConnectionState,
  endsConnection,
  follow,
  newConnectionState,
  resetsConnection,
} from './known-commands.ts';
import type { Target } from './target.ts';

/** `best` is RESP3 where the server speaks it. */
export type ProtocolChoice = 2 | 3 | 'best';

export interface ClientEvents {
  /** A reply that belongs to no command. */
  readonly onStray: (reply: Reply) => void;
  /** The connection ended by itself. */
  readonly onLost: (error: ConnectionError) => void;
  /** A line for the user about what the server refused while connecting, and which is no reason to stop. */
  readonly onWarning: (line: string) => void;
}

export class Client {
  target: Target;
  state: ConnectionState = newConnectionState();
  readonly #protocol: ProtocolChoice;
  readonly #isStrict: boolean;
  readonly #events: ClientEvents;
  #connection: Connection | undefined;
  /** The database is the one that the user wants: where to return to after a lost connection. */
  #isPlaced = false;
  /** Set while a command runs that makes the server end the connection. */
  #isLeaving = false;

  /** `isStrict`: nobody sees warnings in time, so that what is refused while connecting is an error. */
  constructor(target: Target, protocol: ProtocolChoice, isStrict: boolean, events: ClientEvents) {
    this.target = target;
    this.#protocol = protocol;
    this.#isStrict = isStrict;
    this.#events = events;
  }

  get isConnected(): boolean {
    return this.#connection?.isOpen === true;
  }

  get isSubscribed(): boolean {
    return this.isConnected && this.#connection!.isSubscribed;
  }

  /** True while the server sends without being asked. */
  get isListening(): boolean {
    return this.isConnected && (this.state.isMonitoring || this.#connection!.isSubscribed);
  }

  /**
   * Connects, authenticates, and selects the protocol and the database: the one that was selected last, if this
   * is not the first time. Throws ConnectionError when there is no connection; also when the password is wrong or
   * the database cannot be selected, where nobody would notice a warning.
   */
  async connect(): Promise<void> {
    void this.disconnect();
    const connection = await Connection.open(this.target);
    const { db, isInTransaction, dbBeforeTransaction } = this.state;
    const lastDb = isInTransaction ? dbBeforeTransaction : db;
    this.state = newConnectionState();
    this.#connection = connection;
    connection.onStray = this.#events.onStray;
    connection.onLost = (error) => {
      if (connection === this.#connection && !this.#isLeaving) this.#events.onLost(error);
    };
    await this.#authenticate(connection);
    await this.#choose(connection);
    await this.#select(connection, this.#isPlaced ? lastDb : this.target.db);
  }

  /** Sends bytes of commands as they are; resolves when there is room for more. */
  sendRaw(bytes: Uint8Array): Promise<void> {
    return this.#connection!.sendRaw(bytes);
  }

  /** Sends a command whose reply changes nothing here. */
  request(...words: string[]): Promise<Reply> {
    return this.#connection!.request(...words);
  }

  /**
   * Runs a command, gives its replies to `onReply`, and returns the last, or undefined when the server gives none.
   * Throws ConnectionError when the connection ends before, unless that is what the command is for.
   */
  async run(words: readonly Uint8Array[], onReply: (reply: Reply) => void): Promise<Reply | undefined> {
    const connection = this.#connection!;
    const texts = words.map((word) => Buffer.from(word).toString('latin1'));
    const { replies, confirmation } = answerTo(texts, this.state);
    this.#isLeaving = endsConnection(texts);
    let last: Reply | undefined;
    const take = (reply: Reply) => {
      last = reply;
      onReply(reply);
    };
    try {
      await connection.exchange(words, take, replies, confirmation);
    } catch (error) {
      if (error instanceof ConnectionError && this.#isLeaving) return undefined;
      throw error;
    } finally {
      this.#isLeaving &&= last?.type !== 'error';
    }
    follow(this.state, texts, last);
    if (resetsConnection(texts) && last?.type !== 'error') connection.forgetSubscriptions();
    connection.resp = this.state.resp;
    return last;
  }

  /** Does what the server may have refused for want of a password, now that the user has authenticated. */
  async introduceAgain(): Promise<void> {
    if (!this.isConnected || this.state.isInTransaction) return;
    if (this.state.resp === 2 && this.#protocol === 'best') await this.#choose(this.#connection!);
    if (!this.#isPlaced) await this.#select(this.#connection!, this.target.db);
  }

  /** Ends the connection when all that was written has left. */
  async disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }

  /** Ends the connection at once; the command that runs fails. */
  abort(): void {
    this.#connection?.destroy();
  }

  async #authenticate(connection: Connection): Promise<void> {
    const { user, password } = this.target;
    if (password === undefined) return;
    const reply = await connection.request('AUTH', ...(user === undefined ? [] : [user]), password);
    if (reply.type !== 'error') return;
    // A server that wants no password serves all the same.
    this.#complain(`AUTH failed: ${reply.text}`, reply.text.startsWith('WRONGPASS'));
  }

  async #choose(connection: Connection): Promise<void> {
    if (this.#protocol === 2) return;
    const reply = await connection.request('HELLO', '3');
    if (reply.type === 'map') {
      connection.resp = 3;
      this.state.resp = 3;
    } else if (this.#protocol === 3 && reply.type === 'error') {
      this.#events.onWarning(`HELLO 3 failed: ${reply.text}`);
    }
  }

  async #select(connection: Connection, db: number): Promise<void> {
    const reply = db === 0 ? undefined : await connection.request('SELECT', String(db));
    this.#isPlaced = reply?.type !== 'error';
    if (reply?.type === 'error') this.#complain(`SELECT ${db} failed: ${reply.text}`, true);
    else this.state.db = db;
  }

  /** Says what the server refused; ends the connection when going on could do harm unseen. */
  #complain(line: string, isHarmful: boolean): void {
    if (isHarmful && this.#isStrict) {
      void this.disconnect();
      throw new ConnectionError(line);
    }
    this.#events.onWarning(line);
  }
}
