import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collector: (() => void) | undefined;

/** Collects all garbage of this thread, which waits for it. */
export function collectGarbage(): void {
  if (collector === undefined) {
    // The function of `node --expose-gc`, without the flag: a new context has it once V8 was told.
    setFlagsFromString('--expose-gc');
    collector = runInNewContext('gc') as () => void;
  }
  collector();
}
