/** What is pushed to a connection while a reply is being written, until that is whole. */
export class HeldPushes {
  /** All of them together. */
  bytes = 0;
  #frames: Uint8Array[] = [];

  add(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.bytes += frame.length;
  }

  /** In the order in which they came; none are held any more. */
  take(): readonly Uint8Array[] {
    const frames = this.#frames;
    this.#frames = [];
    this.bytes = 0;
    return frames;
  }
}
