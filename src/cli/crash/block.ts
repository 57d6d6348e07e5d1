/**
 * A transaction (MULTI, commands, EXEC) as one command of a history: its words are `MULTI`, and then for each of its
 * commands how many words that has, and those words.
 */

const NAME = 'MULTI';

/** The words that stand for a transaction of these commands. */
export function packBlock(commands: readonly (readonly string[])[]): string[] {
  return [NAME, ...commands.flatMap((words) => [String(words.length), ...words])];
}

export function isBlock(words: readonly string[]): boolean {
  return words[0] === NAME;
}

/** The commands of a transaction; undefined for words that stand for none. */
export function unpackBlock(words: readonly string[]): string[][] | undefined {
  const commands: string[][] = [];
  for (let at = 1; at < words.length; ) {
    const count = Number(words[at]);
    if (!Number.isInteger(count) || count < 1 || at + count >= words.length) return undefined;
    commands.push(words.slice(at + 1, at + 1 + count));
    at += 1 + count;
  }
  return commands.length > 0 && isBlock(words) ? commands : undefined;
}

/** What is sent for a command of a history. Each is answered, and the last reply is that of the whole. */
export function sentFor(words: readonly string[]): (readonly string[])[] {
  return isBlock(words) ? [[NAME], ...unpackBlock(words)!, ['EXEC']] : [words];
}

/** What a reply before the last must be, as a line. */
export function isOnTheWay(line: string): boolean {
  return line === '+OK' || line === '+QUEUED';
}

/** The reply to a transaction whose commands have these replies. */
export function blockReply(lines: readonly string[]): string {
  return `[${lines.join(' ')}]`;
}
