/**
 * What a command that takes its time has to say meanwhile, on standard error: one line that changes in a terminal;
 * elsewhere a line for each thing that is new, so that a log does not fill with seconds.
 */
export class ProgressLine {
  readonly #isTerminal = process.stderr.isTTY === true;
  #said = '';

  /** @param detail what changes all the time, for terminals only */
  show(text: string, detail = ''): void {
    if (this.#isTerminal) process.stderr.write(`\r\x1b[2K${text}${detail}`);
    else if (text !== this.#said) process.stderr.write(`${text}\n`);
    this.#said = text;
  }

  /** Takes the line away, so that something else can be printed. */
  clear(): void {
    if (this.#isTerminal && this.#said !== '') process.stderr.write('\r\x1b[2K');
    this.#said = '';
  }
}
