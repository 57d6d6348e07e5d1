/** Up to where sets keep their packed forms: `set-max-intset-entries` and the two options of listpacks. */

/** No packed set has more members: their number takes two bytes. */
const ENTRIES_MAX = 65535;

export class SetLimits {
  /** Of a set of integers, members. */
  intsetEntries = 512;
  /** Of a set with others, members, and bytes of one. */
  listpackEntries = 128;
  listpackValue = 64;

  /** Takes in an option by its name; others are passed over. */
  set(name: string, value: number): void {
    if (name === 'set-max-intset-entries') this.intsetEntries = Math.min(value, 2 ** 30);
    else if (name === 'set-max-listpack-entries') this.listpackEntries = Math.min(value, ENTRIES_MAX);
    else if (name === 'set-max-listpack-value') this.listpackValue = value;
  }
}
