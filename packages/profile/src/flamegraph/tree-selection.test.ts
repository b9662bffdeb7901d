import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BoxTable } from './box-table.ts';
import { FlameGraphBuilder } from './flame-graph-builder.ts';
import { FlameTree } from './flame-tree.ts';
import { StackTree } from './stack-tree.ts';
import { TreeSelection } from './tree-selection.ts';

const stack = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 8 });
const sample = fc.record({ stack, value: fc.integer({ min: -5, max: 1000 }) });
const names = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ function: name, module: 'm', file: '' }));

it('is the tree that its stacks alone would make, whatever else lies in the tree', () => {
  fc.assert(
    fc.property(
      fc.array(stack, { maxLength: 40 }),
      fc.array(sample, { maxLength: 30 }),
      fc.constantFrom(0, 0.1),
      (others, samples, minShare) => {
        const table = new BoxTable();
        const boxes = names.map((box) => table.indexOf(box));
        const tree = new StackTree();
        const pathOf = (path: readonly number[]) => path.map((i) => boxes[i]);
        for (const other of others) tree.add(pathOf(other));
        const nodes = samples.map((one) => tree.add(pathOf(one.stack)));
        const selection = new TreeSelection(tree);
        samples.forEach(({ value }, i) => {
          selection.add(nodes[i], value);
        });

        const builder = new FlameGraphBuilder();
        const alone = names.map((box) => builder.box(box));
        for (const one of samples) {
          builder.add(
            one.stack.map((i) => alone[i]),
            one.value,
          );
        }
        const graph = new FlameTree(table, selection.nodes()).build({ minShare });
        const expected = builder.build({ minShare });
        const readable = ({ boxes: all, box, ...rest }: typeof graph) => ({
          ...rest,
          names: Array.from(box, (i) => all[i]?.function),
        });
        expect(readable(graph)).toEqual(readable(expected));
      },
    ),
  );
});
