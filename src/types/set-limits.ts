/** Up to where sets keep their packed forms: `set-max-intset-entries` and the two options of listpacks. */

/** No packed set has more members: their number takes two bytes. */
const ENTRIES_MAX = 65535;
/** Nor one of integers: as Redis bounds it. */
const INTSET_ENTRIES_MAX = 2 ** 30;

export class SetLimits {
  /** Of a set of integers, members. */
  intsetEntries = 512;
  /** Of a set with others, members, and bytes of one. */
  listpackEntries = 128;
  listpackValue = 64;

  setIntsetEntries(entries: number): void {
    this.intsetEntries = Math.min(entries, INTSET_ENTRIES_MAX);
  }

  setListpackEntries(entries: number): void {
    this.listpackEntries = Math.min(entries, ENTRIES_MAX);
  }
}
