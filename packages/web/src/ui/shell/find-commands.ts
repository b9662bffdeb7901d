/** One thing that can be done from the palette. */
export interface Command {
  /** What sort of thing it is, in front of its name. */
  readonly kind: string;
  readonly name: string;
  readonly run: () => void;
}

/** The commands in which every word of `text` occurs; those whose name begins with the first of them first. */
export function findCommands<T extends Pick<Command, 'kind' | 'name'>>(all: readonly T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...all];
  const found = all.filter(({ kind, name }) => {
    const where = `${kind} ${name}`.toLowerCase();
    return words.every((word) => where.includes(word));
  });
  const begins = ({ name }: T) => (name.toLowerCase().startsWith(words[0]) ? 0 : 1);
  return found.sort((a, b) => begins(a) - begins(b));
}
