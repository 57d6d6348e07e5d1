/** The conversation with a person: a prompt, commands, their replies, and messages that come in between. */
import { splitWords } from '../base/words.ts';
import type { Reply } from '../protocol/reply-decoder.ts';
import { Client, type ProtocolChoice } from './client.ts';
import { complete, helpText } from './completion.ts';
import { ConnectionError } from './connection.ts';
import { type CommandDocs, readDocs } from './docs.ts';
import { hintFor } from './hints.ts';
import { HISTORY_LINES_MAX, History } from './history.ts';
import { authenticates, holdsSecret } from './known-commands.ts';
import { LineEditor } from './line-editor.ts';
import { takeRepeat } from './modes.ts';
import type { Printer } from './printer.ts';
import { promptAddress, type Target } from './target.ts';

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream & { readonly columns?: number };
}

/** A command that took longer is told how long. */
const SLOW_MS = 500;
/** Terminals without control sequences get no hints. */
const PLAIN_TERMINAL = 'dumb';

export class Interactive {
  readonly #terminal: Terminal;
  readonly #printer: Printer;
  readonly #client: Client;
  readonly #editor: LineEditor;
  readonly #history: History;
  #docs: readonly CommandDocs[] = [];
  /** The user stopped what was running; that the connection ends is no news then. */
  #isInterrupted = false;
  #isConnecting = false;
  readonly #gaveUp: Promise<number>;
  #giveUp: (code: number) => void = () => {};
  /** Ends the wait for messages. */
  #stopListening: () => void = () => {};

  constructor(
    terminal: Terminal,
    target: Target,
    protocol: ProtocolChoice,
    printer: Printer,
    historyFile?: string,
  ) {
    this.#terminal = terminal;
    this.#printer = printer;
    this.#history = new History(historyFile);
    this.#client = new Client(target, protocol, false, {
      onStray: (reply) => this.#show(reply),
      onLost: (error) => this.#lost(error),
      onWarning: (line) => this.#complain(line),
    });
    this.#editor = new LineEditor({
      input: terminal.input,
      output: terminal.output,
      history: this.#history.load(),
      historySize: HISTORY_LINES_MAX,
      isSecret: (line) => holdsSecret(textsOf(line)),
      complete: (line) => complete(this.#docs, line),
      hint: (line) => (process.env.TERM === PLAIN_TERMINAL ? '' : hintFor(this.#docs, line)),
    });
    this.#editor.onInterrupt = () => this.#interrupt();
    this.#gaveUp = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
  }

  /** Talks until the user leaves; resolves to the exit code. */
  async run(): Promise<number> {
    // Who gives up waiting for a connection leaves: there is nothing else to do.
    const code = await Promise.race([this.#talk(), this.#gaveUp]);
    this.#editor.close();
    if (code === 0) await this.#client.disconnect();
    return code;
  }

  async #talk(): Promise<0> {
    await this.#connect();
    for (;;) {
      if (!this.#printer.isAtLineStart) this.#printer.write('\n');
      const line = await this.#editor.readLine(this.#prompt());
      if (line === undefined || !(await this.#handle(line))) break;
      while (this.#client.isListening && (await this.#listen()) === 'interrupted') await this.#connect();
    }
    return 0;
  }

  #prompt(): string {
    if (!this.#client.isConnected) return 'not connected> ';
    const { db, isInTransaction } = this.#client.state;
    const marks = [
      db === 0 ? '' : `[${db}]`,
      isInTransaction ? '(TX)' : '',
      this.#client.isSubscribed ? '(subscribed mode)' : '',
    ];
    return `${promptAddress(this.#client.target)}${marks.join('')}> `;
  }

  /** Does what a line says; false when it says to leave. */
  async #handle(line: string): Promise<boolean> {
    const bytes = Buffer.from(line, 'utf8');
    const words = splitWords(bytes, 0, bytes.length);
    if (words?.length === 0) return true;
    if (!holdsSecret(textsOf(line))) this.#history.add(line);
    if (words === undefined) {
      this.#editor.print('Invalid argument(s)\n');
      return true;
    }
    const [name = '', ...others] = words.map((word) => Buffer.from(word).toString('utf8'));
    switch (name.toLowerCase()) {
      case 'quit':
      case 'exit':
        return false;
      case 'help':
      case '?':
        this.#editor.print(Buffer.from(helpText(this.#docs, others), 'utf8').toString('latin1'));
        return true;
      case 'clear':
        if (others.length === 0) this.#editor.clearScreen();
        return true;
      case 'connect':
        if (others.length === 2) await this.#connectTo(others[0]!, Number(others[1]));
        else this.#complain('Usage: connect <host> <port>');
        return true;
    }
    const { repeat, command } = takeRepeat(words);
    const startMs = Date.now();
    for (let left = repeat; left > 0 && (await this.#run(command)); left--);
    const tookMs = Date.now() - startMs;
    if (tookMs >= SLOW_MS && this.#printer.options.format === 'standard') {
      this.#editor.print(`(${(tookMs / 1000).toFixed(2)}s)\n`);
    }
    return true;
  }

  /** Runs a command, on a new connection if there is none; false when it was not answered. */
  async #run(words: readonly Uint8Array[]): Promise<boolean> {
    if (!this.#client.isConnected && !(await this.#connect())) return false;
    this.#isInterrupted = false;
    try {
      const reply = await this.#client.run(words, (part) => this.#printer.reply(part, words));
      const texts = words.map((word) => Buffer.from(word).toString('latin1'));
      if (reply !== undefined && reply.type !== 'error' && authenticates(texts)) {
        await this.#client.introduceAgain();
        this.#loadDocs();
      }
      return true;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      // What blocked was given up with its connection; the next command finds a new one.
      if (this.#isInterrupted) await this.#connect();
      else this.#complain(error.message);
      return false;
    }
  }

  async #connect(): Promise<boolean> {
    this.#isConnecting = true;
    try {
      await this.#client.connect();
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#complain(error.message);
      return false;
    } finally {
      this.#isConnecting = false;
    }
    this.#loadDocs();
    return true;
  }

  #connectTo(host: string, port: number): Promise<boolean> {
    const { socket: _, ...target } = this.#client.target;
    this.#client.target = { ...target, host, port };
    this.#docs = [];
    return this.#connect();
  }

  /** Asks once what the commands are; without an answer there are no hints. */
  #loadDocs(): void {
    if (this.#docs.length > 0) return;
    this.#client.request('COMMAND', 'DOCS').then(
      (reply) => {
        this.#docs = readDocs(reply);
      },
      () => {},
    );
  }

  /** Shows messages until the user wants to type, or no more can come. */
  async #listen(): Promise<'interrupted' | 'typing'> {
    this.#isInterrupted = false;
    this.#announceListening();
    await new Promise<void>((resolve) => {
      this.#stopListening = resolve;
      if (!this.#client.state.isMonitoring) this.#editor.whenKey(resolve);
    });
    this.#editor.whenKey(undefined);
    this.#stopListening = () => {};
    this.#wipeAnnouncement();
    return this.#isInterrupted ? 'interrupted' : 'typing';
  }

  get #isWaiting(): boolean {
    return this.#client.isListening && this.#printer.options.format === 'standard';
  }

  #announceListening(): void {
    if (!this.#isWaiting) return;
    const how = this.#client.state.isMonitoring ? '' : ' or any key to type command';
    this.#terminal.output.write(`Reading messages... (press Ctrl-C to quit${how})\r`);
  }

  #wipeAnnouncement(): void {
    if (this.#printer.options.format === 'standard') this.#terminal.output.write('\x1b[K');
  }

  #show(reply: Reply): void {
    const text = this.#printer.strayText(reply);
    if (text === '') return;
    if (this.#isWaiting) this.#wipeAnnouncement();
    this.#editor.print(text);
  }

  #interrupt(): void {
    if (this.#isConnecting) this.#giveUp(1);
    this.#isInterrupted = true;
    this.#client.abort();
    this.#stopListening();
  }

  #lost(error: ConnectionError): void {
    if (this.#isInterrupted) return;
    this.#editor.setPrompt(this.#prompt());
    this.#complain(error.message);
    this.#stopListening();
  }

  #complain(line: string): void {
    this.#editor.print(Buffer.from(`${line}\n`, 'utf8').toString('latin1'));
  }
}

/** The words of a line, also of one whose quotes are not closed. */
function textsOf(line: string): string[] {
  const bytes = Buffer.from(line, 'utf8');
  const words = splitWords(bytes, 0, bytes.length);
  return words?.map((word) => Buffer.from(word).toString('utf8')) ?? line.trim().split(/["'\s]+/);
}
