/** Runs other people's programs. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Finished {
  readonly code: number | null;
  /** Of both its streams. */
  readonly output: string;
}

/** Runs a program to its end. */
export function runProgram(
  program: string,
  args: readonly string[],
  input: string | Buffer = '',
): Promise<Finished> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const finished = collect(child);
  child.stdin.end(input);
  return finished;
}

/** Runs a program that goes on by itself until its output matches `expected`, then ends it. */
export function runUntil(program: string, args: readonly string[], expected: RegExp): Promise<Finished> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const end = (output: string) => {
    if (expected.test(output)) child.kill('SIGTERM');
  };
  return collect(child, end);
}

/** Runs a program on a terminal of its own and types one of `lines` each time it has printed `prompt`. */
export function converse(command: string, prompt: RegExp, lines: readonly string[]): Promise<Finished> {
  // Of a terminal without a width, line editors ask where its cursor is, and nobody answers.
  const child = spawn('script', ['-qec', `stty cols 120 rows 40; ${command}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let typed = 0;
  let answered = 0;
  return collect(child, (output) => {
    // A line editor prints its prompt again with every key, so only what came since the last line counts.
    if (typed === lines.length || !prompt.test(output.slice(answered))) return;
    answered = output.length;
    for (const key of `${lines[typed++]}\r`) child.stdin.write(key);
  });
}

function collect(child: ChildProcess, seen: (output: string) => void = () => {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk) => {
        output += chunk;
        seen(output);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
