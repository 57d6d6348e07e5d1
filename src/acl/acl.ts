/**
 * All users of a server: who they are, what they may do, and what was denied to them.
 *
 * The acceptor checks each command against the `restriction` of the connection's user, where the user has one: the
 * default user of a server without ACLs costs one look at a field. What is denied comes here to be noted.
 *
 * Names and rules are texts of one character a byte, as requests have them; options and config files are UTF-8 and
 * are turned into such texts here.
 */
import { latin1 } from '../base/bytes.ts';
import type { AclLogEntry, AclService, AclUser, AclUserReport } from '../commands/acl-service.ts';
import type { Client } from '../commands/context.ts';
import type { Command, CommandTable } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import type { ConfiguredUser } from '../config/settings.ts';
import type { Arguments } from '../protocol/arguments.ts';
import {
  ACL_CHANNEL_DENIED,
  ACL_KEY_DENIED,
  ACL_RULE,
  ACL_SAVE_FAILED,
  aclCommandDenied,
  aclDeniedAccess,
  aclDeniedCommand,
  aclRuleError,
  aclUnmatchedParenthesis,
} from '../protocol/errors.ts';
import { AccessLog } from './access-log.ts';
import { readAclFile, reasonOf, writeAclFile } from './acl-file.ts';
import { RuleContext } from './rule-context.ts';
import { rulesOf } from './rule-words.ts';
import { ALLOWED, COMMAND_DENIED, hasSpaces, KEY_DENIED } from './selector.ts';
import { User, UserRules } from './user.ts';

const DEFAULT_NAME = 'default';

export interface AclOptions {
  readonly commands: CommandTable;
  readonly config: Config;
  /** Users of the config file. */
  readonly users?: readonly ConfiguredUser[];
  /** Says something in the log. */
  warn(message: string): void;
}

export class Acl implements AclService {
  readonly commands: CommandTable;
  readonly defaultUser: User;
  /** The default user is on and takes any password. */
  isOpen = true;
  readonly accessLog: AccessLog;
  readonly #config: Config;
  readonly #context: RuleContext;
  readonly #warn: (message: string) => void;
  /** The names in `user` lines so far. */
  readonly #configured = new Set<string>();
  #users = new Map<string, User>();

  /** Throws an Error in one line for users that cannot be had. */
  constructor({ commands, config, users = [], warn }: AclOptions) {
    this.commands = commands;
    this.#config = config;
    this.#warn = warn;
    this.#context = new RuleContext(commands, () => config.get('acl-pubsub-default') === 'allchannels');
    this.accessLog = new AccessLog(() => config.get('acllog-max-len'));
    this.defaultUser = new User(DEFAULT_NAME, UserRules.ofDefaultUser(this.#context));
    this.#users.set(DEFAULT_NAME, this.defaultUser);
    if (config.get('requirepass') !== '') this.#takeRequiredPassword();
    config.onChange('requirepass', () => this.#takeRequiredPassword());
    if (this.hasFile && users.length > 0) {
      throw new Error(
        `${users[0]!.origin}: users may be defined in the configuration or in the aclfile, not in both`,
      );
    }
    for (const user of users) this.#configure(user);
    const problem = this.hasFile ? this.load() : undefined;
    if (problem !== undefined) throw new Error(`aclfile: ${problem.replace(/^ERR /, '')}`);
  }

  /** `requirepass` is the default user's only password, in place of all it had. */
  #takeRequiredPassword(): void {
    const rules = this.defaultUser.rules.copy();
    this.#requirePassword(rules);
    this.#put(this.defaultUser, rules);
  }

  #requirePassword(rules: UserRules): void {
    const password = this.#config.get('requirepass');
    rules.apply('resetpass');
    rules.apply(password === '' ? 'nopass' : `>${bytesText(password)}`);
  }

  #configure({ origin, words }: ConfiguredUser): void {
    const [name, ...rest] = words.map(bytesText);
    if (name === undefined || name === '') throw new Error(`${origin}: expected a user name and rules`);
    if (hasSpaces(name)) throw new Error(`${origin}: spaces are not allowed in user names`);
    if (this.#configured.has(name)) throw new Error(`${origin}: ${ACL_RULE.duplicateUser}`);
    this.#configured.add(name);
    const rules = rulesOf(rest);
    if ('unmatched' in rules)
      throw new Error(`${origin}: unmatched parenthesis in a selector of user ${name}`);
    const user = new UserRules(this.#context);
    for (const rule of rules) {
      const problem = user.apply(rule);
      if (problem === undefined) continue;
      // A rule about commands holds no password, and may be shown.
      const shown = problem === ACL_RULE.unknownCommand ? ` in '${rule}'` : '';
      throw new Error(`${origin}: user ${name}: ${problem}${shown}`);
    }
    this.#put(this.#users.get(name) ?? this.#create(name), user);
    if (!user.isEnabled) {
      this.#warn(
        `The user '${name}' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error.`,
      );
    }
  }

  #create(name: string): User {
    const user = new User(name, new UserRules(this.#context));
    this.#users.set(name, user);
    return user;
  }

  #put(user: User, rules: UserRules): void {
    user.rules = rules;
    if (user === this.defaultUser) this.isOpen = rules.isEnabled && rules.needsNoPassword;
  }

  // Users

  get needsNoPassword(): boolean {
    return this.defaultUser.rules.needsNoPassword;
  }

  get hasFile(): boolean {
    return this.#config.get('aclfile') !== '';
  }

  findUser(name: string): User | undefined {
    return this.#users.get(name);
  }

  users(): readonly User[] {
    return [...this.#users.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  report(user: AclUser): AclUserReport {
    return rulesOfUser(user).report();
  }

  line(user: AclUser): string {
    return `user ${user.name} ${rulesOfUser(user).describe()}`;
  }

  /** The users' lines in a config file, by name; without the default user where the options alone make it what it is. */
  configLines(): Map<string, string> {
    const lines = new Map<string, string>();
    for (const user of this.users()) {
      if (user === this.defaultUser && this.line(user) === this.line(this.#defaultByOptions())) continue;
      lines.set(textOfBytes(user.name), textOfBytes(this.line(user)));
    }
    return lines;
  }

  #defaultByOptions(): User {
    const rules = UserRules.ofDefaultUser(this.#context);
    this.#requirePassword(rules);
    return new User(DEFAULT_NAME, rules);
  }

  setUser(name: string, words: readonly string[]): string | undefined {
    const rules = rulesOf(words);
    if ('unmatched' in rules) return aclUnmatchedParenthesis(rules.unmatched);
    const known = this.#users.get(name);
    const changed = known?.rules.copy() ?? new UserRules(this.#context);
    for (const rule of rules) {
      const problem = changed.apply(rule);
      if (problem !== undefined) return aclRuleError(rule, problem);
    }
    this.#put(known ?? this.#create(name), changed);
    return undefined;
  }

  removeUser(name: string): User | undefined {
    const user = this.#users.get(name);
    this.#users.delete(name);
    return user;
  }

  authenticate(client: Client, name: string, password: string, word: string): boolean {
    const user = this.#users.get(name);
    if (user?.rules.accepts(password)) {
      client.user = user;
      client.isAuthenticated = true;
      return true;
    }
    const clientInfo = client.describe();
    this.accessLog.add(
      { reason: 'auth', context: 'toplevel', object: word, username: name, clientInfo },
      Date.now(),
    );
    return false;
  }

  // Commands

  /** The error for a command that the client's user may not run. `result` is the user's `restriction.check` of it. */
  refusal(
    client: Client,
    command: Command,
    args: Arguments,
    result: number,
    word: number,
    isInTransaction = false,
  ): string {
    const reason = result === COMMAND_DENIED ? 'command' : result === KEY_DENIED ? 'key' : 'channel';
    const object = reason === 'command' ? command.fullName : args.text(word);
    const username = client.user.name;
    const context = isInTransaction ? 'multi' : 'toplevel';
    this.accessLog.add({ reason, context, object, username, clientInfo: client.describe() }, Date.now());
    if (reason === 'command') return aclCommandDenied(username, command.fullName);
    return reason === 'key' ? ACL_KEY_DENIED : ACL_CHANNEL_DENIED;
  }

  explainDenial(user: AclUser, command: Command, args: Arguments): string | undefined {
    const restriction = user instanceof User ? user.restriction : undefined;
    const result = restriction?.check(command, args) ?? ALLOWED;
    if (result === ALLOWED) return undefined;
    if (result === COMMAND_DENIED) return aclDeniedCommand(user.name, command.fullName);
    const object = args.text(restriction!.deniedWord);
    return aclDeniedAccess(user.name, object, result === KEY_DENIED ? 'key' : 'channel');
  }

  // The log

  get log(): readonly AclLogEntry[] {
    return this.accessLog.entries;
  }

  clearLog(): void {
    this.accessLog.clear();
  }

  // The file

  load(): string | undefined {
    const read = readAclFile(this.#config.get('aclfile'), this.#context);
    if (typeof read === 'string') return read;
    const users = new Map([[DEFAULT_NAME, this.defaultUser]]);
    for (const [name, rules] of read) {
      if (name !== DEFAULT_NAME) users.set(name, new User(name, rules));
    }
    this.#users = users;
    // Connections may hold on to the default user, so it is the same one from start to stop.
    this.#put(this.defaultUser, read.get(DEFAULT_NAME) ?? UserRules.ofDefaultUser(this.#context));
    return undefined;
  }

  save(): string | undefined {
    try {
      writeAclFile(
        this.#config.get('aclfile'),
        this.users().map((user) => this.line(user)),
      );
      return undefined;
    } catch (error) {
      this.#warn(`Writing the ACL file for ACL SAVE: ${reasonOf(error)}`);
      return ACL_SAVE_FAILED;
    }
  }
}

function rulesOfUser(user: AclUser): UserRules {
  if (!(user instanceof User)) throw new Error(`${user.name} is no user of this server`);
  return user.rules;
}

/** A text of the configuration as requests have it: one character a byte. */
function bytesText(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  return latin1(bytes, 0, bytes.length);
}

/** The same the other way round. */
function textOfBytes(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
