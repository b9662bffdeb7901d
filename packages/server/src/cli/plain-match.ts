import { z } from 'zod';
import { parseSelector } from '../query/selector.ts';

export interface PlainMatcher {
  readonly label: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** A selector in the configuration that is looked at here and not in the engine: without regular expressions. */
export const plainMatch = z.string().transform((text, context): PlainMatcher[] => {
  try {
    const { services, labels } = parseSelector(text);
    const matchers: PlainMatcher[] = [];
    for (const { label, operator, value } of [...services, ...labels]) {
      if (operator !== '=' && operator !== '!=') throw new Error('takes = and != only');
      matchers.push({ label, operator, value });
    }
    return matchers;
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    return z.NEVER;
  }
});
