import { type Condition, holdsFor, type ProgramName } from './condition.ts';
import type { ControlSettings } from './control-answer.ts';

/** Settings for the programs that a selector names. */
export interface ControlRule {
  readonly match: readonly Condition[];
  readonly settings: ControlSettings;
}

/** Which program is set to what: the first rule that matches holds, as with the classes of the retention. */
export class ControlRules {
  #rules: readonly ControlRule[];

  constructor(rules: readonly ControlRule[] = []) {
    this.#rules = rules;
  }

  /** Takes effect with the next answer to each agent. */
  replace(rules: readonly ControlRule[]): void {
    this.#rules = rules;
  }

  settingsOf(program: ProgramName): ControlSettings {
    return this.#rules.find(({ match }) => holdsFor(match, program))?.settings ?? {};
  }
}
