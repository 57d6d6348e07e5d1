/** What handlers may know of users and their rules. The folder `acl` implements it; handlers never import that. */
import type { Arguments } from '../protocol/arguments.ts';
import type { Client } from './context.ts';
import type { Command } from './table.ts';

/** Who a client is. There is one object for each user: compare by identity. Texts have one character a byte. */
export interface AclUser {
  readonly name: string;
}

/** The rules of one selector as ACL GETUSER shows them. */
export interface AclSelectorReport {
  readonly commands: string;
  readonly keys: string;
  readonly channels: string;
}

export interface AclUserReport {
  readonly flags: readonly string[];
  /** SHA-256 in hexadecimal. */
  readonly passwords: readonly string[];
  readonly root: AclSelectorReport;
  readonly selectors: readonly AclSelectorReport[];
}

export type AclDenial = 'command' | 'key' | 'channel' | 'auth';

/** Something that was denied, once or several times. */
export interface AclLogEntry {
  readonly id: number;
  readonly count: number;
  readonly reason: AclDenial;
  /** Where the command stood: on its own, in a transaction, in a script. */
  readonly context: 'toplevel' | 'multi' | 'lua';
  /** The command, the key, the channel, or the word that was to authenticate. */
  readonly object: string;
  readonly username: string;
  /** The line of CLIENT LIST of the last client that did it. */
  readonly clientInfo: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Whether a user may use a channel, or listen to a pattern of channels. */
export type ChannelRule = (name: Uint8Array, isPattern: boolean) => boolean;

export interface AclService {
  readonly defaultUser: AclUser;
  /** New connections need not authenticate: the default user is on and has no password. */
  readonly isOpen: boolean;
  /** The default user takes any password. */
  readonly needsNoPassword: boolean;
  /** The option aclfile is set. */
  readonly hasFile: boolean;
  findUser(name: string): AclUser | undefined;
  /** In the order of the names' bytes. */
  users(): readonly AclUser[];
  report(user: AclUser): AclUserReport;
  /** The user's line in ACL LIST, in config files and ACL files. */
  line(user: AclUser): string;
  /** Creates or changes a user, with all of the rules or none. Returns the text of an error. */
  setUser(name: string, rules: readonly string[]): string | undefined;
  /** Its connections are the caller's to end. Undefined when there is no such user. */
  removeUser(name: string): AclUser | undefined;
  /** Makes `client` the user when the password is right; otherwise notes it in the log. `word` is the command as written. */
  authenticate(client: Client, name: string, password: string, word: string): boolean;
  /** Why the user may not run the command, for people; undefined when they may. */
  explainDenial(user: AclUser, command: Command, args: Arguments): string | undefined;
  /** The newest first. */
  readonly log: readonly AclLogEntry[];
  clearLog(): void;
  /** Puts the users of the ACL file in the place of all. Returns the text of an error; then nothing has changed. */
  load(): string | undefined;
  /** Writes all users to the ACL file. Returns the text of an error; then the file is as it was. */
  save(): string | undefined;
}
