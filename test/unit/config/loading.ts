/** Starting shardis with arguments, variables and files that exist only in the test. */
import { type Loaded, loadConfig } from '../../../src/config/load.ts';

export interface Start {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

export function load({ argv = [], env = {}, files = {} }: Start): Loaded {
  return loadConfig({
    argv,
    env,
    version: '1.2.3',
    readFile: (path) => {
      const text = files[path];
      if (text !== undefined) return text;
      // errno -2 is ENOENT on every system that shardis runs on.
      throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT', errno: -2 });
    },
  });
}

/** What a start that must succeed leads to. */
export function run(start: Start): Extract<Loaded, { kind: 'run' }> {
  const loaded = load(start);
  if (loaded.kind === 'exit') throw new Error(loaded.output);
  return loaded;
}

/** The line that a start that must fail ends with, without the program's name. */
export function failure(start: Start): string {
  const loaded = load(start);
  if (loaded.kind === 'run' || loaded.code !== 1) throw new Error('it did not fail');
  const [, line] = /^shardis: ([^\n]*)\n$/.exec(loaded.output) ?? [];
  if (line === undefined) throw new Error(`not one line: ${loaded.output}`);
  return line;
}
