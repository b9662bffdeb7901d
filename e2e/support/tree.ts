/** Node of the plain tree (`format=json`) or of nylas' (`/data`). */
export interface TreeNode {
  readonly name: string;
  readonly value: number;
  readonly children?: readonly TreeNode[];
}

/** Value of all boxes whose name starts with `name`, nested ones counted once. */
export function valueUnder(node: TreeNode, name: string): number {
  if (node.name.startsWith(name)) return node.value;
  return (node.children ?? []).reduce((sum, child) => sum + valueUnder(child, name), 0);
}

/** Names on the way to the first box whose name starts with `name`, root first; empty where there is none. */
export function pathTo(node: TreeNode, name: string): string[] {
  if (node.name.startsWith(name)) return [node.name];
  for (const child of node.children ?? []) {
    const path = pathTo(child, name);
    if (path.length > 0) return [node.name, ...path];
  }
  return [];
}
