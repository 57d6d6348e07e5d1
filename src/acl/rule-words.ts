/** From the words of a user's definition to rules. */

/** The word at which a parenthesis opens that nothing closes. */
export interface Unmatched {
  readonly unmatched: string;
}

/** Joins selectors whose words came apart: `(+get`, `~a*)`. */
export function rulesOf(words: readonly string[]): readonly string[] | Unmatched {
  const rules: string[] = [];
  let open: string[] = [];
  for (const word of words) {
    if (open.length === 0 && !(word.startsWith('(') && !word.endsWith(')'))) {
      rules.push(word);
      continue;
    }
    open.push(word);
    if (open.length > 1 && word.endsWith(')')) {
      rules.push(open.join(' '));
      open = [];
    }
  }
  return open.length > 0 ? { unmatched: open[0]! } : rules;
}
