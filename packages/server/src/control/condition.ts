/** A condition on the service (as label `service_name`) or on a label; an absent label is the empty string. */
export interface Condition {
  readonly label: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Who a program says it is. */
export interface ProgramName {
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether all conditions hold. Regular expressions are not among them: those run only in the engine, which has RE2. */
export function holdsFor(conditions: readonly Condition[], { service, labels }: ProgramName): boolean {
  return conditions.every(({ label, operator, value }) => {
    const is = label === 'service_name' ? service : (labels[label] ?? '');
    return (is === value) === (operator === '=');
  });
}
