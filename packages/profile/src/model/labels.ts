/** Labels of a series or a sample: name → value. Values are any text; an absent label and an empty one are the same. */
export type Labels = Readonly<Record<string, string>>;

export const NO_LABELS: Labels = Object.freeze({});

/** The one label that every series has. */
export const SERVICE_LABEL = 'service_name';

const NAME = /^[A-Za-z_][A-Za-z0-9_.]*$/;

/** Whether `name` can name a label: a letter or underscore, then letters, digits, underscores and dots. */
export function isLabelName(name: string): boolean {
  return name.length <= 200 && NAME.test(name);
}

/** The labels with empty values left out, in name order: equal label sets give equal results. */
export function sortedLabels(labels: Labels): [name: string, value: string][] {
  return Object.entries(labels)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** One string for each label set, for use as a map key. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(sortedLabels(labels));
}
