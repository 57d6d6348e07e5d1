/** Random rules against a model of them that goes through the rules anew for each question. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Restriction } from '../../../src/acl/restriction.ts';
import { RuleContext } from '../../../src/acl/rule-context.ts';
import { ALLOWED, COMMAND_DENIED, KEY_DENIED } from '../../../src/acl/selector.ts';
import { UserRules } from '../../../src/acl/user.ts';
import { CommandTable } from '../../../src/commands/table.ts';
import { Arguments } from '../../../src/protocol/arguments.ts';
import {
  anyRequest,
  modelCommand,
  modelKeys,
  setUserWords,
  userSelectors,
} from '../../support/acl-arbitraries.ts';
import { modelAllows } from '../../support/acl-model.ts';

const table = new CommandTable();
const context = new RuleContext(table, () => false);

function argumentsOf(words: readonly string[]): Arguments {
  const args = new Arguments();
  args.setWords(words.map((word) => Buffer.from(word, 'latin1')));
  return args;
}

function rulesOf(words: readonly string[]): UserRules {
  const rules = new UserRules(context);
  for (const word of words)
    expect({ word, problem: rules.apply(word) }).toEqual({ word, problem: undefined });
  return rules;
}

test('a user may do what the rules say, one after the other, and nothing else', () => {
  let allowed = 0;
  let denied = 0;
  fc.assert(
    fc.property(
      userSelectors(table),
      fc.array(anyRequest(table), { minLength: 20, maxLength: 20 }),
      (selectors, requests) => {
        const { restriction } = rulesOf(setUserWords(selectors));
        for (const { name, words } of requests) {
          const command = table.byName(name)!;
          const expected = modelAllows(selectors, modelCommand(command), words, modelKeys(command, words));
          const args = argumentsOf(words);
          const result = restriction?.check(command, args) ?? ALLOWED;
          expect({ words, isAllowed: result === ALLOWED }).toEqual({ words, isAllowed: expected });
          if (expected) allowed++;
          else denied++;
          if (result === COMMAND_DENIED) expect(restriction?.deniedWord).toBe(0);
          // The key that is named as the reason is one that the command has.
          if (result === KEY_DENIED) {
            const key = args.text(restriction!.deniedWord);
            expect(modelKeys(command, words).map((each) => each.key)).toContain(key);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(Math.min(allowed, denied)).toBeGreaterThan(1_000);
});

test('the description of a user makes the same user again', () => {
  fc.assert(
    fc.property(
      userSelectors(table),
      fc.array(anyRequest(table), { maxLength: 20 }),
      (selectors, requests) => {
        // Patterns with quotes or backslashes in parentheses are read as quoted words, as in Redis.
        fc.pre(!selectors.slice(1).some((rules) => rules.some((rule) => rule.includes('\\'))));
        const rules = rulesOf(setUserWords(selectors));
        const described = rules.describe();
        const [, ...words] = /^((?:(?!\().)*)(.*)$/.exec(described)!;
        const again = rulesOf([...words[0]!.trim().split(' '), ...(words[1]!.match(/\([^)]*\)/g) ?? [])]);
        expect(again.describe()).toBe(described);
        for (const { name, words: request } of requests) {
          const command = table.byName(name)!;
          const args = argumentsOf(request);
          const check = (restriction: Restriction | undefined) =>
            restriction?.check(command, args) ?? ALLOWED;
          expect(check(again.restriction)).toBe(check(rules.restriction));
        }
      },
    ),
  );
});

test.each<[rules: string[], isAllowed: boolean]>([
  [['+select|0'], true],
  [['+select|1'], false],
  [['+select|1', '+select|0'], true],
  [['+select|0', '-select'], false],
  [['+select|0', '-@connection'], false],
  [['+select|0', '-@all'], false],
  [['+select|0', '-get', '-@string'], true],
  [['-select', '+select|0'], true],
])('%j and SELECT 0: %s', (rules, isAllowed) => {
  const { restriction } = rulesOf(rules);
  const args = argumentsOf(['SELECT', '0']);
  expect(restriction!.check(table.find(args)!, args) === ALLOWED).toBe(isAllowed);
});

test('a copy of rules is changed without the original', () => {
  const original = rulesOf(['on', '+get', '+select|0', '~a*', '&ch', '(+set ~b)', '>secret']);
  const described = original.describe();
  const copy = original.copy();
  for (const rule of ['off', '-get', '+select|1', '~c', '&other', 'clearselectors', 'resetpass'])
    copy.apply(rule);
  expect(original.describe()).toBe(described);
  expect(copy.describe()).not.toBe(described);
});
