/**
 * The line that is typed: node:readline with hints after the cursor, and with output that may come at any time
 * without mixing with what is being typed.
 *
 * A hint is drawn after each key and wiped before the next is handled, so that readline never meets it.
 */
import readline from 'node:readline';

export interface LineEditorOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream & { readonly columns?: number };
  /** The newest first. */
  readonly history: string[];
  readonly historySize: number;
  /** True for a line that must not be kept. */
  readonly isSecret: (line: string) => boolean;
  readonly complete: (line: string) => [completions: string[], part: string];
  /** What to show after a line, or an empty text. */
  readonly hint: (line: string) => string;
}

/** What readline has and its types lack. */
interface Internals {
  history: string[];
  line: string;
  cursor: number;
  /** How many rows above the cursor the prompt is. */
  prevRows: number;
}

const GREY = '\x1b[90m';
const PLAIN = '\x1b[0m';
const WIPE_TO_END_OF_ROW = '\x1b[K';
const DEFAULT_COLUMNS = 80;

export class LineEditor {
  /** Called for Ctrl-C while no line is being read. */
  onInterrupt: () => void = () => {};
  readonly #options: LineEditorOptions;
  readonly #readline: readline.Interface & Internals;
  /** Lines that came while nobody asked for one. */
  readonly #lines: string[] = [];
  #take: ((line: string | undefined) => void) | undefined;
  #onKey: (() => void) | undefined;
  #isClosed = false;
  #isHintShown = false;

  constructor(options: LineEditorOptions) {
    this.#options = options;
    const { input, output, history, historySize, complete, isSecret } = options;
    this.#readline = readline.createInterface({
      input,
      output,
      terminal: true,
      history,
      historySize,
      removeHistoryDuplicates: true,
      completer: complete,
    }) as readline.Interface & Internals;
    this.#readline.on('line', (line) => this.#receive(line));
    this.#readline.on('SIGINT', () => this.#interrupt());
    this.#readline.on('history', (lines: string[]) => {
      if (lines.length > 0 && isSecret(lines[0]!)) lines.shift();
    });
    this.#readline.on('close', () => {
      this.#isClosed = true;
      this.#receive(undefined);
    });
    input.prependListener('keypress', () => this.#wipeHint());
    input.on('keypress', () => this.#afterKey());
  }

  /** The next line; undefined when there will be none: after Ctrl-D, or Ctrl-C on an empty line. */
  readLine(prompt: string): Promise<string | undefined> {
    const line = this.#lines.shift();
    if (line !== undefined || this.#isClosed) return Promise.resolve(line);
    this.#readline.setPrompt(prompt);
    // What was typed ahead stays.
    this.#readline.prompt(true);
    return new Promise((resolve) => {
      this.#take = resolve;
    });
  }

  /** What stands before the line from the next time on that it is drawn. */
  setPrompt(prompt: string): void {
    this.#readline.setPrompt(prompt);
  }

  /** Calls back at the next key, which is also part of the next line. */
  whenKey(callback: (() => void) | undefined): void {
    this.#onKey = callback;
  }

  /** Prints a latin1 text above the line that is being typed, or where the cursor is when there is none. */
  print(text: string): void {
    const { output } = this.#options;
    if (this.#take === undefined) {
      output.write(Buffer.from(text, 'latin1'));
      return;
    }
    this.#wipeHint();
    readline.moveCursor(output, 0, -this.#readline.getCursorPos().rows);
    readline.cursorTo(output, 0);
    readline.clearScreenDown(output);
    output.write(Buffer.from(text, 'latin1'));
    this.#readline.prevRows = 0;
    this.#readline.prompt(true);
  }

  clearScreen(): void {
    readline.cursorTo(this.#options.output, 0, 0);
    readline.clearScreenDown(this.#options.output);
  }

  close(): void {
    this.#readline.close();
  }

  #receive(line: string | undefined): void {
    const take = this.#take;
    this.#take = undefined;
    if (take !== undefined) take(line);
    else if (line !== undefined) this.#lines.push(line);
    else this.onInterrupt();
  }

  #interrupt(): void {
    if (this.#take === undefined) {
      this.onInterrupt();
      return;
    }
    this.#options.output.write('^C\n');
    if (this.#readline.line === '') {
      this.#receive(undefined);
      return;
    }
    this.#readline.line = '';
    this.#readline.cursor = 0;
    this.#readline.prevRows = 0;
    this.#readline.prompt();
  }

  #afterKey(): void {
    const onKey = this.#onKey;
    this.#onKey = undefined;
    onKey?.();
    // Several keys at once, as when text is pasted, need one hint.
    setImmediate(() => this.#drawHint());
  }

  #drawHint(): void {
    const { line, cursor } = this.#readline;
    if (this.#take === undefined || this.#isHintShown || line === '' || cursor !== line.length) return;
    const columns = this.#options.output.columns || DEFAULT_COLUMNS;
    const room = columns - this.#readline.getCursorPos().cols - 1;
    const hint = this.#options.hint(line).slice(0, Math.max(0, room));
    if (hint === '') return;
    this.#options.output.write(`${GREY}${hint}${PLAIN}\x1b[${hint.length}D`);
    this.#isHintShown = true;
  }

  #wipeHint(): void {
    if (this.#isHintShown) this.#options.output.write(WIPE_TO_END_OF_ROW);
    this.#isHintShown = false;
  }
}
