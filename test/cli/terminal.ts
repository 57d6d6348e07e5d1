/** A program in a pseudo terminal, made by the `script` program: what a person would type, and would see. */
import { type ChildProcess, spawn } from 'node:child_process';

const SHOW_MS_MAX = 20_000;
const COLUMNS = 100;

/** Control sequences, which say where and in which colour text stands. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with one
const SEQUENCES = /\x1b\[[0-9;?]*[A-Za-z]/g;

export class Terminal {
  /** Resolves to the exit code. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #output = '';
  /** What has been looked at already. */
  #seen = 0;
  #look: () => void = () => {};

  /** `command` is a line for the shell. */
  constructor(command: string, env: Readonly<Record<string, string>>) {
    const line = `stty cols ${COLUMNS} rows 40; exec ${command}`;
    this.#child = spawn('script', ['-qefc', line, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout!.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString('utf8');
      this.#look();
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        this.#look();
        resolve(code);
      });
    });
  }

  /** All that was printed, with its control sequences. */
  get raw(): string {
    return this.#output;
  }

  type(keys: string): void {
    this.#child.stdin!.write(keys);
  }

  /** Resolves when `text` has been printed after what the last call found. */
  async shows(text: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const found = new Promise<void>((resolve, reject) => {
      const fail = () => reject(new Error(`no ${JSON.stringify(text)} in ${JSON.stringify(this.#unseen())}`));
      timer = setTimeout(fail, SHOW_MS_MAX);
      this.#look = () => {
        const at = this.#unseen().indexOf(text);
        if (at >= 0) {
          this.#seen += at + text.length;
          resolve();
        } else if (this.#child.exitCode !== null) {
          fail();
        }
      };
      this.#look();
    });
    await found.finally(() => {
      clearTimeout(timer);
      this.#look = () => {};
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #unseen(): string {
    return this.#output.replaceAll(SEQUENCES, '').slice(this.#seen);
  }
}
