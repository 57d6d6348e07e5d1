/**
 * A user: who may log in, and what they may do then. Connections hold on to the user itself, so a change of its
 * rules counts for all of them from the next command on.
 */
import { lowerText } from '../base/bytes.ts';
import type { AclUser, AclUserReport } from '../commands/acl-service.ts';
import { ACL_RULE } from '../protocol/errors.ts';
import { hashPassword, isOneOf, isPasswordHash } from './password.ts';
import { Restriction } from './restriction.ts';
import type { RuleContext } from './rule-context.ts';
import { Selector } from './selector.ts';

const DEFAULT_USER_RULES = ['+@all', '~*', '&*', 'on', 'nopass'];

/** All that rules say of a user. Changed only while nobody else sees it. */
export class UserRules {
  isEnabled = false;
  /** Any password will do. */
  needsNoPassword = false;
  #skipsSanitizing = false;
  /** Hashes. */
  #passwords: readonly string[] = [];
  /** The root selector first. */
  #selectors: readonly Selector[];
  readonly #context: RuleContext;

  constructor(context: RuleContext) {
    this.#context = context;
    this.#selectors = [new Selector(context)];
  }

  /** Those of the default user of a server without any configuration. */
  static ofDefaultUser(context: RuleContext): UserRules {
    const rules = new UserRules(context);
    for (const rule of DEFAULT_USER_RULES) rules.apply(rule);
    return rules;
  }

  copy(): UserRules {
    const copy = new UserRules(this.#context);
    copy.isEnabled = this.isEnabled;
    copy.needsNoPassword = this.needsNoPassword;
    copy.#skipsSanitizing = this.#skipsSanitizing;
    copy.#passwords = this.#passwords;
    copy.#selectors = this.#selectors.map((selector) => selector.copy());
    return copy;
  }

  get restriction(): Restriction | undefined {
    const isUnrestricted = this.#selectors.some((selector) => selector.isUnrestricted);
    return isUnrestricted ? undefined : new Restriction(this.#selectors);
  }

  /** Whether `password` opens the way for the user. */
  accepts(password: string): boolean {
    // The hash is made in any case, so that the time does not tell whether there is a password.
    const isKnown = isOneOf(password, this.#passwords);
    return this.isEnabled && (this.needsNoPassword || isKnown);
  }

  /** Takes one rule. Returns what is wrong with it, in the words of ACL_RULE. */
  apply(rule: string): string | undefined {
    if (rule === '') return undefined;
    // Passwords may be any bytes; every other rule ends at a zero byte, as in Redis.
    const text = rule.split('\0', 1)[0]!;
    switch (lowerText(text)) {
      case 'on':
        this.isEnabled = true;
        return undefined;
      case 'off':
        this.isEnabled = false;
        return undefined;
      case 'skip-sanitize-payload':
        this.#skipsSanitizing = true;
        return undefined;
      case 'sanitize-payload':
        this.#skipsSanitizing = false;
        return undefined;
      case 'nopass':
        return this.#forgetPasswords(true);
      case 'resetpass':
        return this.#forgetPasswords(false);
      case 'clearselectors':
        this.#selectors = this.#selectors.slice(0, 1);
        return undefined;
      case 'reset':
        return this.#reset();
    }
    if (/^[>#<!]/.test(rule)) return this.#changePasswords(rule[0]!, rule.slice(1));
    if (rule.startsWith('(') && rule.endsWith(')')) return this.#addSelector(rule.slice(1, -1));
    // A pattern with a zero byte is refused where it is read.
    return this.#selectors[0]!.apply(/^[~%&]/.test(rule) ? rule : text);
  }

  #forgetPasswords(needsNone: boolean): undefined {
    this.needsNoPassword = needsNone;
    this.#passwords = [];
  }

  #reset(): undefined {
    this.isEnabled = false;
    this.#skipsSanitizing = false;
    this.#forgetPasswords(false);
    this.#selectors = [new Selector(this.#context)];
  }

  /** `sign`: `>` and `#` add a password or a hash, `<` and `!` remove one. */
  #changePasswords(sign: string, text: string): string | undefined {
    const isHash = sign === '#' || sign === '!';
    if (isHash && !isPasswordHash(text)) return ACL_RULE.badHash;
    const hash = isHash ? text : hashPassword(text);
    const isKnown = this.#passwords.includes(hash);
    if (sign === '>' || sign === '#') {
      if (!isKnown) this.#passwords = [...this.#passwords, hash];
      this.needsNoPassword = false;
      return undefined;
    }
    if (!isKnown) return ACL_RULE.noSuchPassword;
    this.#passwords = this.#passwords.filter((other) => other !== hash);
    return undefined;
  }

  #addSelector(text: string): string | undefined {
    const selector = Selector.parse(text, this.#context);
    if (typeof selector === 'string') return selector;
    this.#selectors = [...this.#selectors, selector];
    return undefined;
  }

  /** Whether `before` allowed channels that these rules may not. */
  takesChannelsOf(before: UserRules): boolean {
    const allowed = this.#selectors.flatMap(({ channels }) => channels);
    if (allowed.includes('*')) return false;
    return before.#selectors.some(({ channels }) => channels.some((each) => !allowed.includes(each)));
  }

  /** Whether any selector allows the channel, whichever commands it allows. A pattern must be allowed as such. */
  allowsChannel(name: Uint8Array, isPattern: boolean): boolean {
    return this.#selectors.some((selector) => selector.allowsChannel(name, 0, name.length, isPattern));
  }

  get #flags(): string[] {
    const flags = [this.isEnabled ? 'on' : 'off'];
    if (this.needsNoPassword) flags.push('nopass');
    flags.push(this.#skipsSanitizing ? 'skip-sanitize-payload' : 'sanitize-payload');
    return flags;
  }

  /** The rules that would make the user again, in the form of ACL LIST and of files. */
  describe(): string {
    const [root, ...others] = this.#selectors.map((selector) => selector.describe());
    const passwords = this.#passwords.map((hash) => `#${hash}`);
    return [...this.#flags, ...passwords, root, ...others.map((rules) => `(${rules})`)].join(' ');
  }

  report(): AclUserReport {
    const [root, ...selectors] = this.#selectors.map((selector) => ({
      commands: selector.commandRules,
      keys: selector.keyRules,
      channels: selector.channelRules,
    }));
    return { flags: this.#flags, passwords: this.#passwords, root: root!, selectors };
  }
}

export class User implements AclUser {
  readonly name: string;
  #rules: UserRules;
  #restriction: Restriction | undefined;

  constructor(name: string, rules: UserRules) {
    this.name = name;
    this.#rules = rules;
    this.#restriction = rules.restriction;
  }

  /** Not to be changed: a copy of it is, and put in its place. */
  get rules(): UserRules {
    return this.#rules;
  }

  set rules(rules: UserRules) {
    this.#rules = rules;
    this.#restriction = rules.restriction;
  }

  /** What commands are checked against; undefined for a user who may do everything. */
  get restriction(): Restriction | undefined {
    return this.#restriction;
  }
}
