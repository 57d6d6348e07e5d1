/** Asks for a password on the terminal without showing it. */
import readline from 'node:readline';
import { Writable } from 'node:stream';

/** Resolves to the line that is typed; the question goes to standard error. */
export function askPassword(question: string): Promise<string> {
  process.stderr.write(question);
  // What readline echoes goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = readline.createInterface({
    input: process.stdin,
    output: nowhere,
    terminal: process.stdin.isTTY === true,
    historySize: 0,
  });
  return new Promise((resolve) => {
    const finish = (line: string) => {
      resolve(line);
      process.stderr.write('\n');
      reader.close();
    };
    reader.once('line', finish);
    reader.once('SIGINT', () => process.exit(130));
    reader.once('close', () => resolve(''));
  });
}
