import { boxName, formatPathId } from '@everflame/profile';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { addTransform, search, showAs } from '../../state/actions.ts';
import { pathIdsOf } from '../../state/data.ts';
import { type BoxMenuRequest, boxMenu } from './box-menu-state.ts';

interface Item {
  readonly name: string;
  readonly run: () => void;
}

/** What can be done with a box: each is a step that the back button, or the chip above the picture, undoes. */
export function BoxMenu() {
  const request = boxMenu.value;
  return request ? <Menu key={`${request.x} ${request.y}`} request={request} /> : null;
}

function itemsOf({ box, node, graph }: BoxMenuRequest): Item[][] {
  const name = boxName(box);
  const transform =
    (kind: 'focus' | 'hide' | 'merge' | 'module' | 'only', what = name) =>
    () =>
      addTransform({ kind, what });
  const own = box.module || box.file;
  return [
    [
      { name: 'Callers and callees', run: () => showAs('sandwich', { fn: name, focus: '' }) },
      { name: 'Search for it', run: () => search(box.function) },
    ],
    [
      ...(node !== undefined && graph
        ? [
            {
              name: 'Only this box',
              run: () => addTransform({ kind: 'path', what: formatPathId(pathIdsOf(graph), node) }),
            },
          ]
        : []),
      { name: 'Only this function, from all places', run: transform('focus') },
      { name: 'Without stacks through it', run: transform('hide') },
      { name: 'Merge it into its callers', run: transform('merge') },
      ...(box.module
        ? [{ name: `Merge ${short(box.module)} into its callers`, run: transform('module', box.module) }]
        : []),
      ...(own ? [{ name: `Only functions of ${short(own)}`, run: transform('only', own) }] : []),
    ],
    [
      { name: 'Recursion as one box', run: () => addTransform({ kind: 'collapse', what: '' }) },
      { name: 'Copy its name', run: () => void navigator.clipboard?.writeText(name) },
    ],
  ];
}

function short(text: string): string {
  return text.length > 34 ? `…${text.slice(-33)}` : text;
}

function Menu({ request }: { request: BoxMenuRequest }) {
  const menu = useRef<HTMLDivElement>(null);
  const returnTo = useRef(document.activeElement);
  const groups = itemsOf(request);
  const close = () => {
    boxMenu.value = undefined;
    if (returnTo.current instanceof HTMLElement) returnTo.current.focus();
  };
  useLayoutEffect(() => {
    const element = menu.current;
    if (!element) return;
    const { offsetWidth, offsetHeight } = element;
    element.style.left = `${Math.max(8, Math.min(request.x, document.documentElement.clientWidth - offsetWidth - 8))}px`;
    element.style.top = `${Math.max(8, Math.min(request.y, innerHeight - offsetHeight - 8))}px`;
    element.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, []);
  useEffect(() => {
    const outside = (event: Event) => {
      if (!(event.target instanceof Node && menu.current?.contains(event.target))) boxMenu.value = undefined;
    };
    document.addEventListener('pointerdown', outside);
    window.addEventListener('scroll', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      window.removeEventListener('scroll', outside);
    };
  }, []);
  const keys = (event: KeyboardEvent) => {
    const items = [...(menu.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = items.findIndex((item) => document.activeElement?.isSameNode(item));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) items[(at + step + items.length) % items.length]?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div ref={menu} class="menu" role="menu" tabIndex={-1} aria-label={boxName(request.box)} onKeyDown={keys}>
      <p class="menu-title" role="presentation">
        {request.box.function || '(no name)'}
      </p>
      {groups.map((items, i) => (
        <div key={i} class="menu-group" role="group">
          {items.map(({ name, run }) => (
            <button
              key={name}
              type="button"
              role="menuitem"
              tabIndex={-1}
              onClick={() => {
                close();
                run();
              }}
            >
              {name}
            </button>
          ))}
        </div>
      ))}
    </div>
  );
}
