import type { Logger } from 'pino';
import { Control } from '../control/control.ts';
import { type ControlConfig, readControlRules } from './serve-config.ts';

/** Remote control by the rules of the configuration, which are read again when the server is told to. */
export class ControlSource {
  readonly control: Control;
  readonly #file: string | undefined;
  readonly #logger: Logger;

  constructor({ rules, file }: ControlConfig, logger: Logger) {
    this.control = new Control(rules);
    this.#file = file;
    this.#logger = logger;
  }

  /** Of the file, only what it says of agents; a mistake anywhere in it leaves everything as it is. */
  reload(): void {
    if (this.#file === undefined) return;
    try {
      const rules = readControlRules(this.#file);
      this.control.replaceRules(rules);
      this.#logger.info({ rules: rules.length }, 'what agents are told was read again');
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#logger.error(`${message} What agents were told before stays in force.`);
    }
  }
}
